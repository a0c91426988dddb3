import { errorCodes } from "@slash64/core"
import { describe, expect, it } from "vitest"
import { exitCodeTable, exitCodes } from "./exit-code.ts"

describe("exit codes", () => {
  it("are one a code, never 0, and never changed", () => {
    expect(Object.keys(exitCodes).toSorted()).toEqual([...errorCodes].toSorted())
    expect(new Set(Object.values(exitCodes)).size).toBe(errorCodes.length)
    expect(exitCodes).toMatchInlineSnapshot(`
      {
        "ABORTED": 10,
        "ALREADY_EXISTS": 6,
        "CANCELLED": 130,
        "DATA_LOSS": 15,
        "DEADLINE_EXCEEDED": 4,
        "FAILED_PRECONDITION": 9,
        "INTERNAL": 1,
        "INVALID_ARGUMENT": 2,
        "NOT_FOUND": 5,
        "PERMISSION_DENIED": 7,
        "RESOURCE_EXHAUSTED": 8,
        "UNAUTHENTICATED": 16,
        "UNAVAILABLE": 14,
        "UNIMPLEMENTED": 12,
      }
    `)
  })

  it("each have a meaning", () => {
    expect(exitCodeTable.filter(({ meaning }) => meaning === "")).toEqual([])
  })
})

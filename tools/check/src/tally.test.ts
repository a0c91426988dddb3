import { describe, expect, it } from "vitest"
import { readTally } from "./tally.ts"

function reportOf(...files: readonly { status: string; tests: Readonly<Record<string, string>> }[]): string {
  return JSON.stringify({
    testResults: files.map(({ status, tests }) => ({
      name: "a.test.ts",
      status,
      assertionResults: Object.entries(tests).map(([fullName, state]) => ({ fullName, status: state })),
    })),
  })
}

describe("readTally", () => {
  it("counts tests and names those that did not run", () => {
    const text = reportOf({ status: "failed", tests: { a: "passed", b: "failed", c: "skipped", d: "todo" } })
    expect(readTally(text, 1)).toEqual({ passed: 1, failed: 1, skipped: ["c", "d"], names: ["a", "b", "c", "d"] })
  })

  it("counts a file that could not be loaded as one failure", () => {
    const text = reportOf({ status: "failed", tests: { b: "skipped" } }, { status: "passed", tests: { a: "passed" } })
    expect(readTally(text, 1)).toMatchObject({ passed: 1, failed: 1, skipped: [] })
  })

  it("counts a failed run without a failed test as one failure", () => {
    expect(readTally(reportOf({ status: "passed", tests: { a: "passed" } }), 1).failed).toBe(1)
  })

  it("finds nothing wrong in a good run", () => {
    expect(readTally(reportOf({ status: "passed", tests: { a: "passed" } }), 0).failed).toBe(0)
  })
})

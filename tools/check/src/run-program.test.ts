import { describe, expect, it } from "vitest"
import { runProgram } from "./run-program.ts"

describe("runProgram", () => {
  it("gives the exit code", async () => {
    expect(await runProgram("sh", ["-c", "exit 3"], 10_000)).toBe(3)
  })

  it("ends a program that hangs, and what it started", async () => {
    expect(await runProgram("sh", ["-c", "sleep 600 & wait"], 50)).toBe(124)
  })

  it("rejects where there is no such program", async () => {
    await expect(runProgram("slash64-no-such-program", [], 10_000)).rejects.toThrow("ENOENT")
  })
})

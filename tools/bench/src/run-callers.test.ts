import { setTimeout as sleep } from "node:timers/promises"
import { describe, expect, it } from "vitest"
import { runCallers } from "./run-callers.ts"

describe("runCallers", () => {
  it("does each number once, so many at a time", async () => {
    const done: number[] = []
    let [busy, most] = [0, 0]
    await runCallers(4, [10, 25], async (number) => {
      most = Math.max(most, ++busy)
      await sleep(number % 3)
      done.push(number)
      busy--
    })
    expect(done.toSorted((one, other) => one - other)).toEqual(Array.from({ length: 25 }, (_, index) => 10 + index))
    expect(most).toBe(4)
  })

  it("fails when one fails", async () => {
    await expect(
      runCallers(2, [0, 9], async (number) => {
        if (number === 3) throw new Error("no")
      }),
    ).rejects.toThrow("no")
  })
})

import { describe, expect, it } from "vitest"
import { newCall } from "../plugin/call.ts"
import { ConvergeQueue } from "./converge-queue.ts"

/** Runs that end when the test says so, counted. */
function heldRuns() {
  const runs: { end: (answer: number) => void; fail: (error: Error) => void; signal: AbortSignal }[] = []
  const run = ({ signal }: { signal: AbortSignal }): Promise<number> => {
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    runs.push({ end: resolve, fail: reject, signal })
    return promise
  }
  return { runs, run }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe("ConvergeQueue", () => {
  it("serves everybody who waits by one run, and starts it after the one that goes", async () => {
    const queue = new ConvergeQueue<number>()
    const { runs, run } = heldRuns()
    const first = queue.join("router", newCall(), run)
    await turn()
    const second = queue.join("router", newCall(), run)
    const third = queue.join("router", newCall(), run)
    await turn()
    expect(runs).toHaveLength(1)
    runs[0]?.end(1)
    await turn()
    expect(runs).toHaveLength(2)
    runs[1]?.end(2)
    expect(await Promise.all([first, second, third])).toEqual([1, 2, 2])
  })

  it("runs for two routers at once", async () => {
    const queue = new ConvergeQueue<number>()
    const { runs, run } = heldRuns()
    const both = [queue.join("one", newCall(), run), queue.join("other", newCall(), run)]
    await turn()
    expect(runs).toHaveLength(2)
    for (const each of runs) each.end(0)
    await Promise.all(both)
  })

  it("goes on after a run that failed", async () => {
    const queue = new ConvergeQueue<number>()
    const { runs, run } = heldRuns()
    const first = queue.join("router", newCall(), run)
    await turn()
    const second = queue.join("router", newCall(), run)
    runs[0]?.fail(new Error("refused"))
    await expect(first).rejects.toThrow("refused")
    await turn()
    runs[1]?.end(2)
    expect(await second).toBe(2)
  })

  it("leaves a run to those who still wait when one of them is cancelled", async () => {
    const queue = new ConvergeQueue<number>()
    const { runs, run } = heldRuns()
    const cancel = new AbortController()
    const first = queue.join("router", newCall({ signal: cancel.signal }), run)
    const second = queue.join("router", newCall(), run)
    await turn()
    cancel.abort()
    await expect(first).rejects.toMatchObject({ code: "CANCELLED" })
    expect(runs[0]?.signal.aborted).toBe(false)
    runs[0]?.end(1)
    expect(await second).toBe(1)
  })

  it("aborts a run when everybody who waits for it is cancelled", async () => {
    const queue = new ConvergeQueue<number>()
    const { runs, run } = heldRuns()
    const cancel = new AbortController()
    const only = queue.join("router", newCall({ signal: cancel.signal }), run)
    await turn()
    cancel.abort()
    await expect(only).rejects.toMatchObject({ code: "CANCELLED" })
    expect(runs[0]?.signal.aborted).toBe(true)
    runs[0]?.end(0)
  })
})

import { Slash64Error, checkAborted } from "@slash64/core"
import type { Call } from "@slash64/core"
import { describe, expect, it, vi } from "vitest"
import { Operations } from "./operations.ts"
import type { Work } from "./operations.ts"

const never = new AbortController().signal

/** Work that is ended from outside. */
function work(
  key = "a",
): Work & { end: (result: unknown) => void; fail: (error: unknown) => void; call: Promise<Call> } {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  const begun = Promise.withResolvers<Call>()
  return {
    key,
    kind: "attachNic",
    target: "/v1/nics/a",
    requestId: "r1",
    end: resolve,
    fail: reject,
    call: begun.promise,
    run: (call) => {
      begun.resolve(call)
      call.signal.addEventListener("abort", () => {
        try {
          checkAborted(call.signal)
        } catch (error) {
          reject(error)
        }
      })
      return promise
    },
  }
}

describe("Operations", () => {
  it("tells the same work while it runs as one operation, and later as another", async () => {
    const operations = new Operations()
    const first = work()
    const { id } = operations.start(first)
    expect(operations.start(work()).id).toBe(id)
    expect(operations.start(work("b")).id > id).toBe(true)
    first.end(7)
    expect(await operations.wait(id, never)).toMatchObject({
      state: "succeeded",
      result: 7,
      endedAt: expect.any(String),
    })
    expect(operations.start(work()).id > id).toBe(true)
  })

  it("tells how far it is, and each change to who watches, the newest alone to who is slow", async () => {
    const operations = new Operations()
    const one = work()
    const { id } = operations.start(one)
    const seen: unknown[] = []
    const watching = (async () => {
      for await (const { state, progress } of operations.watch(id, never)) seen.push(progress?.step ?? state)
    })()
    const call = await one.call
    await tick()
    for (const step of ["x", "y", "plugging"]) call.report({ step })
    await tick()
    one.end("done")
    await watching
    expect(seen).toEqual(["running", "plugging", "succeeded"])
    expect(operations.find(id)).not.toHaveProperty("progress")
  })

  it("is cancelled by its id, keeps the error, and stays so", async () => {
    const operations = new Operations()
    const { id } = operations.start(work())
    expect(operations.cancel(id).state).toBe("running")
    expect(await operations.wait(id, never)).toMatchObject({
      state: "cancelled",
      error: { code: "CANCELLED", requestId: "r1" },
    })
    expect(operations.cancel(id).state).toBe("cancelled")
  })

  it("has failed with the error's code, and tells a defect to the log alone", async () => {
    const defects: unknown[] = []
    const operations = new Operations((error) => defects.push(error))
    const [one, two] = [work("a"), work("b")]
    const ids = [operations.start(one).id, operations.start(two).id]
    one.fail(new Slash64Error("NOT_FOUND", "no VM", { field: "vmId" }))
    two.fail(new Error("inner"))
    expect(await operations.wait(ids[0] ?? "", never)).toMatchObject({
      state: "failed",
      error: { code: "NOT_FOUND", field: "vmId", status: 404 },
    })
    expect(JSON.stringify(await operations.wait(ids[1] ?? "", never))).not.toContain("inner")
    expect(defects).toEqual([new Error("inner")])
  })

  it("refuses more than may run", () => {
    const operations = new Operations(() => {}, { running: 2, ended: 10, keptMs: 1000 })
    operations.start(work("a"))
    operations.start(work("b"))
    expect(() => operations.start(work("c"))).toThrow("2 operations run already")
    expect(operations.start(work("a")).state).toBe("running")
  })

  it("forgets those that ended, by their number and after their time, and none that runs", async () => {
    vi.useFakeTimers({ toFake: ["Date"] })
    try {
      const operations = new Operations(() => {}, { running: 10, ended: 2, keptMs: 1000 })
      const running = operations.start(work("running")).id
      const ended: string[] = []
      for (const key of ["a", "b", "c"]) {
        const one = work(key)
        ended.push(operations.start(one).id)
        one.end(1)
        await operations.wait(ended.at(-1) ?? "", never)
      }
      expect(operations.list().map(({ id }) => id)).toEqual([running, ...ended.slice(1)])
      vi.advanceTimersByTime(1001)
      expect(operations.list().map(({ id }) => id)).toEqual([running])
      expect(() => operations.find(ended[2] ?? "")).toThrow("is not known")
    } finally {
      vi.useRealTimers()
    }
  })

  it("ends: waits, then cancels", async () => {
    const operations = new Operations()
    const [quick, slow] = [work("a"), work("b")]
    const ids = [operations.start(quick).id, operations.start(slow).id]
    const closed = operations.close(20)
    quick.end(1)
    await closed
    expect(ids.map((id) => operations.find(id).state)).toEqual(["succeeded", "cancelled"])
  })
})

function tick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

import { newCall } from "./call.ts"
import { describe, expect, it } from "vitest"
import { KeyedQueue } from "./keyed-queue.ts"

describe("KeyedQueue", () => {
  it("runs one key in order, past a failure, and other keys beside it", async () => {
    const queue = new KeyedQueue()
    const seen: string[] = []
    const gate = Promise.withResolvers<void>()
    const first = queue.run("a", newCall(), async () => {
      await gate.promise
      seen.push("a1")
      throw new Error("a1 failed")
    })
    const second = queue.run("a", newCall(), async () => void seen.push("a2"))
    await queue.run("b", newCall(), async () => void seen.push("b"))
    gate.resolve()
    await expect(first).rejects.toThrow("a1 failed")
    await second
    expect(seen).toEqual(["b", "a1", "a2"])
  })

  it("does not start what was cancelled while it waited", async () => {
    const queue = new KeyedQueue()
    const gate = Promise.withResolvers<void>()
    const cancel = new AbortController()
    let ran = false
    const first = queue.run("a", newCall(), () => gate.promise)
    const second = queue.run("a", newCall({ signal: cancel.signal }), async () => void (ran = true))
    cancel.abort()
    gate.resolve()
    await first
    await expect(second).rejects.toThrow(expect.objectContaining({ code: "CANCELLED" }))
    expect(ran).toBe(false)
  })
})

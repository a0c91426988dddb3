import { describe, expect, it } from "vitest"
import { WorkQueue } from "./work-queue.ts"

describe("WorkQueue", () => {
  it("does a key once at a time, and once more for all that came meanwhile", async () => {
    const { queue, begun, end } = newQueue()
    queue.add("a")
    queue.add("a")
    queue.add("a")
    expect(begun).toEqual(["a"])
    await end("a")
    expect(begun).toEqual(["a", "a"])
    await end("a")
    expect(begun).toEqual(["a", "a"])
  })

  it("does other keys beside it, so many at once", async () => {
    const { queue, begun, end } = newQueue(2)
    for (const key of ["a", "b", "c", "a", "d"]) queue.add(key)
    expect(begun).toEqual(["a", "b"])
    await end("b")
    expect(begun).toEqual(["a", "b", "c"])
    await end("a")
    await end("c")
    expect(begun).toEqual(["a", "b", "c", "a", "d"])
  })

  it("ends when what runs has ended, and begins nothing more", async () => {
    const { queue, begun, end } = newQueue(1)
    queue.add("a")
    queue.add("b")
    let closed = false
    const closing = queue.close().then(() => (closed = true))
    await Promise.resolve()
    expect(closed).toBe(false)
    await end("a")
    await closing
    queue.add("c")
    expect(begun).toEqual(["a"])
  })
})

function newQueue(atOnce?: number) {
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  const queue = new WorkQueue((key) => {
    begun.push(key)
    return new Promise((resolve) => ends.set(key, resolve))
  }, atOnce)
  const end = async (key: string): Promise<void> => {
    ends.get(key)?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { queue, begun, end }
}

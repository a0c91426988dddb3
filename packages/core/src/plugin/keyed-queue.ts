import { checkAborted } from "./call.ts"
import type { Call } from "./call.ts"

/** Runs what has the same key one after the other, in order; a failure does not stop those behind it. */
export class KeyedQueue {
  readonly #last = new Map<string, Promise<void>>()

  async run<Value>(key: string, call: Call, work: () => Promise<Value>): Promise<Value> {
    const before = this.#last.get(key)
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#last.set(key, promise)
    try {
      await before
      checkAborted(call.signal)
      return await work()
    } finally {
      resolve()
      if (this.#last.get(key) === promise) this.#last.delete(key)
    }
  }
}

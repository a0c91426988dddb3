import { LibvirtConnectionError } from "../connection-error.ts"

/**
 * Lets a bounded number of calls be under way, first come, first served. libvirtd stops reading from a client that
 * has `max_client_requests` (5) calls unanswered, its pings included; a client that stays below never looks dead.
 */
export class Slots {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(count: number) {
    this.#free = count
  }

  /** Fulfilled when a slot is taken; the caller gives it back with `release`. */
  async take(signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted === true) throw aborted(signal)
    if (this.#free > 0) {
      this.#free--
      return
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const leave = (): void => {
      this.#waiting.splice(this.#waiting.indexOf(resolve), 1)
      reject(aborted(signal))
    }
    this.#waiting.push(resolve)
    signal?.addEventListener("abort", leave, { once: true })
    await promise.finally(() => signal?.removeEventListener("abort", leave))
  }

  release(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#free++
    else next()
  }
}

function aborted(signal: AbortSignal | undefined): LibvirtConnectionError {
  return new LibvirtConnectionError("ABORTED", "The call was aborted before it was sent", { cause: signal?.reason })
}

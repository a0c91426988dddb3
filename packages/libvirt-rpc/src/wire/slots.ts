import { LibvirtConnectionError } from "../connection-error.ts"

/** Lets a bounded number of calls be under way, first come, first served. */
export class Slots {
  readonly #count: number
  readonly #waiting = new Set<PromiseWithResolvers<void>>()
  readonly #idle = Promise.withResolvers<void>()
  #taken = 0
  #closed: LibvirtConnectionError | undefined

  constructor(count: number) {
    this.#count = count
  }

  /** Fulfilled when a slot is taken; the caller gives it back with `release`. */
  async take(signal: AbortSignal | undefined): Promise<void> {
    if (this.#closed !== undefined) throw this.#closed
    if (signal?.aborted === true) throw aborted(signal)
    if (this.#taken < this.#count) {
      this.#taken++
      return
    }
    const turn = Promise.withResolvers<void>()
    const leave = (): void => {
      this.#waiting.delete(turn)
      turn.reject(aborted(signal))
    }
    this.#waiting.add(turn)
    signal?.addEventListener("abort", leave, { once: true })
    await turn.promise.finally(() => signal?.removeEventListener("abort", leave))
  }

  release(): void {
    const [next] = this.#waiting
    if (next === undefined) {
      this.#taken--
      if (this.#taken === 0 && this.#closed !== undefined) this.#idle.resolve()
      return
    }
    this.#waiting.delete(next)
    next.resolve()
  }

  /** Turns away who waits and who comes. Fulfilled when every slot that was taken is given back. */
  close(reason: LibvirtConnectionError): Promise<void> {
    this.#closed ??= reason
    for (const turn of this.#waiting) turn.reject(this.#closed)
    this.#waiting.clear()
    if (this.#taken === 0) this.#idle.resolve()
    return this.#idle.promise
  }
}

function aborted(signal: AbortSignal | undefined): LibvirtConnectionError {
  return new LibvirtConnectionError("ABORTED", "The call was aborted before it was sent", { cause: signal?.reason })
}

import { LibvirtConnectionError } from "./connection-error.ts"

/** One attempt at a time, shared by all who join while it runs, and given up when the last of them has left. */
export class SharedAttempt<T> {
  readonly #start: (signal: AbortSignal) => Promise<T>
  #running: { readonly promise: Promise<T>; readonly controller: AbortController; waiting: number } | undefined

  constructor(start: (signal: AbortSignal) => Promise<T>) {
    this.#start = start
  }

  /** `signal` ends this caller's wait only. */
  async join(signal: AbortSignal | undefined): Promise<T> {
    if (signal?.aborted === true) throw left(signal)
    const attempt = (this.#running ??= this.#run())
    const leaving = Promise.withResolvers<never>()
    const leave = (): void => leaving.reject(left(signal))
    signal?.addEventListener("abort", leave, { once: true })
    attempt.waiting++
    try {
      return await Promise.race([attempt.promise, leaving.promise])
    } finally {
      signal?.removeEventListener("abort", leave)
      attempt.waiting--
      if (attempt.waiting === 0) attempt.controller.abort()
    }
  }

  /** Ends the attempt that runs, if one does. */
  abandon(reason: unknown): void {
    this.#running?.controller.abort(reason)
  }

  #run(): { promise: Promise<T>; controller: AbortController; waiting: number } {
    const controller = new AbortController()
    const promise = this.#start(controller.signal)
    const attempt = { promise, controller, waiting: 0 }
    const forget = (): void => {
      if (this.#running === attempt) this.#running = undefined
    }
    promise.then(forget, forget)
    controller.signal.addEventListener("abort", forget, { once: true })
    return attempt
  }
}

function left(signal: AbortSignal | undefined): LibvirtConnectionError {
  return new LibvirtConnectionError("ABORTED", "The wait for a connection was aborted", { cause: signal?.reason })
}

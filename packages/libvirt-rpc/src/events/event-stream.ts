import { LibvirtConnectionError } from "../connection-error.ts"

/**
 * The events of one registration, for one reader, kept in order from the moment of the registration on.
 *
 * A `for await` over it ends when `close` is called (leaving the loop does that too), and throws a
 * LibvirtConnectionError when the connection is lost, when the signal is aborted (ABORTED), or when more than
 * 10,000 events wait for the reader (OVERFLOW). After a loss, subscribe again and look at the state anew: what happened
 * meanwhile is not told again.
 */
export class EventStream<Event> implements AsyncIterable<Event>, AsyncDisposable {
  readonly #waiting: Event[] = []
  readonly #release: () => Promise<void>
  #wake: (() => void) | undefined
  #closed = false
  #failure: LibvirtConnectionError | undefined

  /** Use `subscribe`. */
  constructor(release: () => Promise<void>) {
    this.#release = release
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Event, void, void> {
    try {
      for (;;) {
        while (this.#waiting.length > 0) yield* this.#waiting.splice(0)
        if (this.#failure !== undefined) throw this.#failure
        if (this.#closed) return
        const { promise, resolve } = Promise.withResolvers<void>()
        this.#wake = resolve
        await promise
      }
    } finally {
      await this.close()
    }
  }

  /** Takes the registration back at libvirt. A repeat does nothing; a lost connection is no error. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#wake?.()
    await this.#release()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** An event from libvirt. */
  add(event: Event): void {
    if (this.#closed || this.#failure !== undefined) return
    if (this.#waiting.length < limit) this.#waiting.push(event)
    else this.fail(new LibvirtConnectionError("OVERFLOW", `${limit} events wait and nobody reads them`))
    this.#wake?.()
  }

  /** No more events will come, for this reason. */
  fail(reason: LibvirtConnectionError): void {
    this.#failure ??= reason
    this.#wake?.()
  }
}

const limit = 10_000

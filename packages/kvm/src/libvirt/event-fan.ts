import type { DomainEvent } from "./libvirt.ts"

/** One reader's events, in order, until it ends. */
interface Reader {
  readonly waiting: DomainEvent[]
  failure?: Error
  wake: () => void
}

/**
 * Gives the events of one source to any number of readers: libvirt takes each registration once on a connection
 * ("event callback already tracked").
 */
export class EventFan {
  readonly #readers = new Set<Reader>()

  /** The events from now on, until the signal is aborted; throws when the source failed. */
  read(signal: AbortSignal): AsyncIterable<DomainEvent> {
    const reader: Reader = { waiting: [], wake: () => {} }
    this.#readers.add(reader)
    const leave = (): void => {
      this.#readers.delete(reader)
      reader.wake()
    }
    signal.addEventListener("abort", leave, { once: true })
    if (signal.aborted) leave()
    return readFrom(reader, signal, leave)
  }

  tell(event: DomainEvent): void {
    for (const reader of this.#readers) {
      reader.waiting.push(event)
      reader.wake()
    }
  }

  /** No event will come any more. */
  fail(failure: Error): void {
    for (const reader of this.#readers) {
      reader.failure = failure
      reader.wake()
    }
    this.#readers.clear()
  }
}

async function* readFrom(reader: Reader, signal: AbortSignal, leave: () => void): AsyncGenerator<DomainEvent> {
  try {
    while (!signal.aborted) {
      const event = reader.waiting.shift()
      if (event !== undefined) {
        yield event
        continue
      }
      if (reader.failure !== undefined) throw reader.failure
      const { promise, resolve } = Promise.withResolvers<void>()
      reader.wake = resolve
      await promise
    }
  } finally {
    signal.removeEventListener("abort", leave)
    leave()
  }
}

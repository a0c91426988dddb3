import type { LibvirtConnectionError } from "../connection-error.ts"
import type { Message } from "../wire/message.ts"
import type { Target } from "../wire/session.ts"

export interface EventListener {
  readonly receive: (payload: Buffer) => void
  /** No event will come any more. */
  readonly fail: (reason: LibvirtConnectionError) => void
}

/** Hands each event message to all who listen to its kind. Messages that nobody asked for are dropped. */
export class EventHub {
  readonly #listeners = new Map<string, Set<EventListener>>()

  /** The function that it gives ends the listening. */
  listen(kind: Target, listener: EventListener): () => void {
    const key = keyOf(kind.program, kind.number)
    const listeners = this.#listeners.get(key) ?? new Set()
    this.#listeners.set(key, listeners.add(listener))
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0) this.#listeners.delete(key)
    }
  }

  dispatch({ header, payload }: Message): void {
    const listeners = this.#listeners.get(keyOf(header.prog, header.proc))
    for (const listener of listeners ?? []) listener.receive(payload)
  }

  fail(reason: LibvirtConnectionError): void {
    for (const listeners of this.#listeners.values()) for (const listener of listeners) listener.fail(reason)
    this.#listeners.clear()
  }
}

function keyOf(program: number, number: number): string {
  return `${program}:${number}`
}

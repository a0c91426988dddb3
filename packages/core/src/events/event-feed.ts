import { setImmediate as nextTurn } from "node:timers/promises"
import type { RoadEvent } from "./road-event.ts"

/** Told where a subscriber was slower than the roads for too long: so many events are not delivered to it. */
export interface EventsMissed {
  readonly kind: "events-missed"
  readonly missed: number
}

/** May be async: the next event waits for it. What it throws is logged and does no more. */
export type EventListener = (event: RoadEvent | EventsMissed) => unknown

/** Ends a subscription; resolves when what was told before has been heard. */
export type Unsubscribe = () => Promise<void>

export interface SubscribeOptions {
  /** How many events may wait for the subscriber. Default 10,000. */
  readonly waiting?: number
}

/** Hands events to subscribers, each in order and at its own pace, never in the turn of the road that tells them. */
export class EventFeed {
  readonly #readers = new Set<Reader>()
  readonly #onFailure: (error: unknown) => void

  /** `onFailure` hears what a listener throws. */
  constructor(onFailure: (error: unknown) => void) {
    this.#onFailure = onFailure
  }

  subscribe(listener: EventListener, { waiting = 10_000 }: SubscribeOptions = {}): Unsubscribe {
    const reader = new Reader(listener, waiting, this.#onFailure)
    this.#readers.add(reader)
    return () => {
      this.#readers.delete(reader)
      return reader.heard
    }
  }

  tell(event: RoadEvent): void {
    const frozen = Object.freeze(event)
    for (const reader of this.#readers) reader.take(frozen)
  }
}

class Reader {
  /** Resolves when nothing waits. */
  heard: Promise<void> = Promise.resolve()
  readonly #listener: EventListener
  readonly #limit: number
  readonly #onFailure: (error: unknown) => void
  readonly #queue: (RoadEvent | EventsMissed)[] = []
  #missed = 0
  #isReading = false

  constructor(listener: EventListener, limit: number, onFailure: (error: unknown) => void) {
    this.#listener = listener
    this.#limit = limit
    this.#onFailure = onFailure
  }

  take(event: RoadEvent): void {
    if (this.#queue.length >= this.#limit) {
      this.#missed += 1
      return
    }
    this.#tellMissed()
    this.#queue.push(event)
    if (this.#isReading) return
    this.#isReading = true
    this.heard = this.#read()
  }

  async #read(): Promise<void> {
    for (let event = await this.#next(); event !== undefined; event = await this.#next()) {
      try {
        await this.#listener(event)
      } catch (error) {
        this.#onFailure(error)
      }
    }
  }

  async #next(): Promise<RoadEvent | EventsMissed | undefined> {
    await nextTurn()
    if (this.#queue.length === 0) this.#tellMissed()
    const event = this.#queue.shift()
    this.#isReading = event !== undefined
    return event
  }

  /** Into the place of those that are missing. */
  #tellMissed(): void {
    if (this.#missed > 0) this.#queue.push({ kind: "events-missed", missed: this.#missed })
    this.#missed = 0
  }
}

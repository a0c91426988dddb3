import { type Session, endSession } from "./open-session.ts"

/** A session with the calls that run in it: given up, it takes no more, and the last one logs it out. */
export class HeldSession {
  readonly session: Session
  readonly #onEnd: () => void
  #running = 0
  #retired = false
  #ended: Promise<void> | undefined

  constructor(session: Session, onEnd: (held: HeldSession) => void) {
    this.session = session
    this.#onEnd = () => onEnd(this)
  }

  async run<T>(work: (session: Session) => Promise<T>): Promise<T> {
    this.#running++
    try {
      return await work(this.session)
    } finally {
      this.#running--
      if (this.#retired && this.#running === 0) void this.end()
    }
  }

  get retired(): boolean {
    return this.#retired
  }

  retire(): void {
    this.#retired = true
    if (this.#running === 0) void this.end()
  }

  /** Logs out, whatever runs. Repeated: the same end. */
  end(): Promise<void> {
    this.#retired = true
    return (this.#ended ??= endSession(this.session).finally(this.#onEnd))
  }
}

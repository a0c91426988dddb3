/**
 * Stops reading from the connection while the reader of a stream is behind, so that a fast libvirt does not fill the
 * memory. All calls share the connection, so reading goes on while one waits for its reply: a consumer may call
 * libvirt between two chunks. And once a second one chunk is read anyhow: keepalive messages stand in the same queue.
 */
export class ReadGate {
  readonly #source: { pause: () => void; resume: () => void }
  readonly #behind = new Set<object>()
  #callsWaiting = 0
  #trickle: NodeJS.Timeout | undefined

  constructor(source: { pause: () => void; resume: () => void }) {
    this.#source = source
  }

  get shut(): boolean {
    return this.#trickle !== undefined
  }

  /** A stream's reader is behind, or has caught up. */
  setBehind(stream: object, behind: boolean): void {
    if (behind) this.#behind.add(stream)
    else this.#behind.delete(stream)
    this.#decide()
  }

  callSent(): void {
    this.#callsWaiting++
    this.#decide()
  }

  callSettled(): void {
    this.#callsWaiting--
    this.#decide()
  }

  /** A chunk was read. */
  chunkRead(): void {
    if (this.shut) this.#source.pause()
  }

  /** The connection is over. */
  end(): void {
    clearInterval(this.#trickle)
    this.#trickle = undefined
    this.#behind.clear()
  }

  #decide(): void {
    const shut = this.#behind.size > 0 && this.#callsWaiting === 0
    if (shut === this.shut) return
    if (shut) {
      this.#trickle = setInterval(() => this.#source.resume(), 1000).unref()
      this.#source.pause()
    } else {
      clearInterval(this.#trickle)
      this.#trickle = undefined
      this.#source.resume()
    }
  }
}

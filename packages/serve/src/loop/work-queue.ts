/**
 * Does `work` for each key that is added: a key once at a time, `atOnce` keys at once. A key that is added while its
 * work runs is done once more after it, so that nothing that happened meanwhile is missed. `work` does not throw.
 */
export class WorkQueue {
  readonly #work: (key: string) => Promise<void>
  readonly #atOnce: number
  readonly #waiting = new Set<string>()
  readonly #running = new Map<string, Promise<void>>()
  #closed = false

  constructor(work: (key: string) => Promise<void>, atOnce = 8) {
    this.#work = work
    this.#atOnce = atOnce
  }

  add(key: string): void {
    if (this.#closed) return
    this.#waiting.add(key)
    this.#fill()
  }

  /** Begins nothing more, and waits for what runs. */
  async close(): Promise<void> {
    this.#closed = true
    this.#waiting.clear()
    await Promise.all(this.#running.values())
  }

  #fill(): void {
    for (const key of this.#waiting) {
      if (this.#running.size >= this.#atOnce) return
      if (this.#running.has(key)) continue
      this.#waiting.delete(key)
      this.#running.set(key, this.#run(key))
    }
  }

  async #run(key: string): Promise<void> {
    try {
      await this.#work(key)
    } finally {
      this.#running.delete(key)
      this.#fill()
    }
  }
}

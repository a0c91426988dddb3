/** Keeps what was seen for a moment, so that many who look at once are one look. */
export class Recent<Seen> {
  readonly #keptMs: number
  readonly #kept = new Map<string, { readonly seen: Promise<Seen>; endedMs?: number }>()

  constructor(keptMs: number) {
    this.#keptMs = keptMs
  }

  /** What was seen under this key not longer ago than it is kept, or what `look` sees now. A look that failed is not kept. */
  get(key: string, look: () => Promise<Seen>): Promise<Seen> {
    const now = performance.now()
    for (const [one, { endedMs }] of this.#kept) if (endedMs !== undefined && endedMs < now) this.#kept.delete(one)
    const there = this.#kept.get(key)
    if (there !== undefined) return there.seen
    const made: { readonly seen: Promise<Seen>; endedMs?: number } = { seen: look() }
    this.#kept.set(key, made)
    made.seen.then(
      () => (made.endedMs = performance.now() + this.#keptMs),
      () => this.#kept.delete(key),
    )
    return made.seen
  }
}

/**
 * Sees the machine's clock being set, beside the one that only counts on. Nothing here goes by the machine's clock but
 * what is written down: when an address is free again, and when a lease on a router ends.
 */
export class JumpingClock {
  #lead = leadMs()

  /** By how much it was set since this was last asked, in milliseconds; a machine that slept is one that jumped. */
  jumpedMs(): number {
    const before = this.#lead
    this.#lead = leadMs()
    return Math.round(this.#lead - before)
  }
}

function leadMs(): number {
  return Date.now() - performance.now()
}

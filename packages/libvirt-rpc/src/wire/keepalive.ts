export interface KeepaliveOptions {
  /** How long the other side may be silent before it is asked whether it is there. Milliseconds, default 5000. */
  readonly intervalMs?: number
  /** How many questions in a row may stay without any sign of life. Default 5. */
  readonly count?: number
}

/**
 * Asks a silent peer whether it lives, as libvirt's own client does, and tells when it does not. The other way round
 * libvirtd asks only a client that has called for VIR_DRV_FEATURE_PROGRAM_KEEPALIVE, which this one does not: it would
 * be thrown out for a busy half minute.
 */
export class Keepalive {
  readonly #timer: NodeJS.Timeout
  #unanswered = 0
  #heard = false

  constructor(options: KeepaliveOptions, peer: { ping: () => void; dead: (silentMs: number) => void }) {
    const { intervalMs = 5000, count = 5 } = options
    const tick = (): void => {
      const heard = this.#heard
      this.#heard = false
      if (heard) this.#unanswered = 0
      else if (this.#unanswered === count) peer.dead((count + 1) * intervalMs)
      else {
        this.#unanswered++
        peer.ping()
      }
    }
    this.#timer = setInterval(tick, intervalMs).unref()
  }

  /** Anything that came from the peer is a sign of life. */
  hear(): void {
    this.#heard = true
  }

  end(): void {
    clearInterval(this.#timer)
  }
}

/**
 * The lease on a network's router: who has it is the only one to converge that router. It ends by the store's clock,
 * so a holder that died keeps nobody out for longer. docs/decisions/converge-lease.md says what fences one that only
 * slept.
 */
export interface ConvergeLease {
  readonly networkId: string
  /** The process that has it, in words that are its own alone. */
  readonly holder: string
  /** Rises each time that the lease of this network changes hands. */
  readonly fence: number
}

export interface LeaseStore {
  /**
   * Takes the lease of a network's router for `forMs`. From a holder that neither gave it back nor renewed it in time it
   * is taken over: then the network's revision rises too, so that a router which has heard of it refuses what that
   * holder still sends. Repeated by its holder: the same lease, for `forMs` from now. NOT_FOUND without the network.
   */
  takeConvergeLease(networkId: string, holder: string, forMs: number): Promise<LeaseAnswer>
  /** For `forMs` from now, also when its time is over and nobody came. ABORTED when it is another's, or given back. */
  renewConvergeLease(lease: ConvergeLease, forMs: number): Promise<void>
  /**
   * With what the router serves since, where its holder has pushed: those who wait read it. Repeated, or taken over by
   * another: success, and nothing is written.
   */
  giveBackConvergeLease(lease: ConvergeLease, served?: Served): Promise<void>
}

/** What a push brought the router to. */
export interface Served {
  readonly revision: number
  readonly generation: number
}

export type LeaseAnswer = LeaseTaken | LeaseHeld

export interface LeaseTaken {
  readonly lease: ConvergeLease
  /** Who lost it by its time. */
  readonly takenFrom?: string
}

export interface LeaseHeld {
  readonly heldBy: string
  /** By the last holder that pushed and gave the lease back. */
  readonly served?: Served
}

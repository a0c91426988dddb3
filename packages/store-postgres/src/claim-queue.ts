import type { Nic, NicClaim } from "@slash64/core"

/** So many statements at a time: while one waits for the disk, the next is worked on. */
const lanes = 2
const batchMost = 64

interface Waiting {
  readonly claim: NicClaim
  readonly resolve: (nic: Nic | undefined) => void
  readonly reject: (error: unknown) => void
}

/** Makes claims on one network together; gives undefined for each that was not made, in the order of the claims. */
export type MakeTogether = (networkId: string, claims: readonly NicClaim[]) => Promise<readonly (Nic | undefined)[]>

/**
 * Claims that are asked for while others are under way share a statement, and its commit. Each resolves when its own
 * is durable. A claim that is alone waits for nobody.
 */
export class ClaimQueue {
  readonly #make: MakeTogether
  #waiting: Waiting[] = []
  #busy = 0

  constructor(make: MakeTogether) {
    this.#make = make
  }

  claim(claim: NicClaim): Promise<Nic | undefined> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ claim, resolve, reject })
      // Not yet: others may ask in this turn.
      queueMicrotask(() => this.#start())
    })
  }

  #start(): void {
    while (this.#busy < lanes && this.#waiting.length > 0) void this.#run(this.#takeBatch())
  }

  /** Of one network, and no NIC twice: the second claim of one has to see what came of the first. */
  #takeBatch(): Waiting[] {
    const networkId = this.#waiting[0]?.claim.networkId
    const batch = new Map<string, Waiting>()
    const rest: Waiting[] = []
    for (const one of this.#waiting) {
      const { claim } = one
      const fits = claim.networkId === networkId && batch.size < batchMost && !batch.has(claim.id)
      if (fits) batch.set(claim.id, one)
      else rest.push(one)
    }
    this.#waiting = rest
    return [...batch.values()]
  }

  async #run(batch: readonly Waiting[]): Promise<void> {
    this.#busy++
    try {
      const claims = batch.map(({ claim }) => claim)
      const nics = await this.#make(claims[0]?.networkId ?? "", claims)
      for (const [index, { resolve }] of batch.entries()) resolve(nics[index])
    } catch (error) {
      for (const { reject } of batch) reject(error)
    } finally {
      this.#busy--
      this.#start()
    }
  }
}

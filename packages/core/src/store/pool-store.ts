import type { Ipv6Prefix } from "../address/ipv6-prefix.ts"
import type { Prefix64 } from "../address/prefix64.ts"
import type { PrefixClaim } from "../network/plan-pool.ts"
import type { PooledNetworkPlan } from "../network/plan-pooled-network.ts"
import type { PoolPrefix, PrefixPool, SharedNetwork } from "../network/records.ts"

/**
 * Pools of /64s, and who holds each. Unique: a pool's id and name; a /64 in its pool; a holder in its pool. A network
 * and a claim of the same id are two holders.
 */
export interface PoolStore {
  /**
   * Same id and same content: the stored record; other content: ALREADY_EXISTS. A prefix that overlaps another pool's,
   * or holds a network's, whatever its host or VLAN: ALREADY_EXISTS.
   */
  createPool(pool: PrefixPool): Promise<PrefixPool>
  /** By id or by name. */
  findPool(idOrName: string): Promise<PrefixPool | undefined>
  /** By name. */
  listPools(): Promise<readonly PrefixPool[]>
  /**
   * Gives a pool another prefix, which holds the one it has or lies in it; another still is INVALID_ARGUMENT. What is
   * held stays as it is: where some of it would be cut off, FAILED_PRECONDITION names it and `native.held` counts it.
   * A /64 at rest that is cut off is forgotten. What is added may overlap no pool and no network: ALREADY_EXISTS.
   * The prefix that it has: success. NOT_FOUND when there is no such pool.
   */
  resizePool(id: string, prefix: Ipv6Prefix): Promise<PrefixPool>
  /** FAILED_PRECONDITION while a /64 of it is held, not while one is at rest. Absent: success. */
  removePool(id: string): Promise<void>

  /**
   * The same holder again gives its /64; with another requested one: ALREADY_EXISTS. A requested /64 that another
   * holds is ALREADY_EXISTS, one at rest FAILED_PRECONDITION, one outside the pool INVALID_ARGUMENT. A holder that
   * comes back has the /64 that it had, while that rests. RESOURCE_EXHAUSTED, with the counts, when none is left;
   * NOT_FOUND when there is no such pool.
   */
  claimPrefix(claim: PrefixClaim): Promise<PoolPrefix>
  /** The /64 of a claim rests for the pool's quarantine. Absent: success. A network's is released with the network. */
  releasePrefix(poolId: string, holder: string): Promise<void>
  /** What is held, in rising order. NOT_FOUND when there is no such pool. */
  listPrefixes(poolId: string, page?: PrefixPage): Promise<readonly PoolPrefix[]>
  /** NOT_FOUND when there is no such pool. */
  countPrefixes(poolId: string): Promise<PrefixCounts>

  /**
   * Takes a /64 from a pool and makes the network on it, in one transaction. The same network again: the stored one,
   * on the /64 that it has. Fails as `claimPrefix` and `createNetwork` do.
   */
  createPooledNetwork(plan: PooledNetworkPlan): Promise<SharedNetwork>
}

/** Exact: `free` is what is neither held nor at rest. */
export interface PrefixCounts {
  readonly capacity: bigint
  readonly held: bigint
  readonly resting: bigint
  readonly free: bigint
}

/** A part of what is held in a pool. The last /64 of one page is `after` of the next, whether it is still held or not. */
export interface PrefixPage {
  /** Begin behind this one, a /64 of the pool. */
  readonly after?: Prefix64
  /** 1 to 100,000. Absent: all. */
  readonly limit?: number
}

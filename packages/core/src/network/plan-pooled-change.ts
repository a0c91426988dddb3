import { parsePrefix64 } from "../address/prefix64.ts"
import type { Prefix64 } from "../address/prefix64.ts"
import { planIpv6Side } from "./plan-ipv6-side.ts"
import { planNetworkChange } from "./plan-network-change.ts"
import type { NetworkChange } from "./plan-network-change.ts"
import { isPooled, parsePooled, placeSide, trial } from "./plan-pooled-network.ts"
import type { SharedNetwork } from "./records.ts"

/** A change that gives a network IPv6 and waits for its /64. */
export interface PooledChange {
  /** Id or name of the pool. */
  readonly pool: string
  /** This /64 of the pool or none; absent: by the pool's policy. */
  readonly prefix?: Prefix64
  /** The change with this /64 of the pool with this id. Pure. */
  on(poolId: string, prefix: Prefix64): NetworkChange
}

/**
 * A change that takes its /64 from a pool, as `planPooledNetwork` plans a network; undefined: it takes none. Pure.
 * Throws INVALID_ARGUMENT that names the field.
 */
export function planPooledChange(change: NetworkChange): PooledChange | undefined {
  if (!isPooled(change)) return undefined
  const { pool, prefix: given, ...side } = parsePooled(change).ipv6
  const prefix = given === undefined ? undefined : parsePrefix64("ipv6.prefix", given)
  const on = (poolId: string, chosen: Prefix64): NetworkChange => ({
    ...change,
    ipv6: { ...placeSide(side, chosen, prefix), pool: poolId, prefix: chosen },
  })
  planIpv6Side(on("trial", prefix ?? trial).ipv6)
  return { pool, ...(prefix !== undefined && { prefix }), on }
}

/** Throws what {@link planNetworkChange} would, so far as that can be said before a pool has given a /64. */
export function checkNetworkChange(network: SharedNetwork, change: NetworkChange): void {
  if (planPooledChange(change) === undefined) planNetworkChange(network, change)
}

import type { KeyObject } from "node:crypto"
import { prefix64ToBigInt } from "../address/prefix64.ts"
import type { Prefix64 } from "../address/prefix64.ts"
import { checkOutsidePools } from "../network/check-pool.ts"
import type { NetworkChange } from "../network/plan-network-change.ts"
import { planPooledChange } from "../network/plan-pooled-change.ts"
import type { PooledNetworkPlan } from "../network/plan-pooled-network.ts"
import type { SharedNetwork } from "../network/records.ts"
import { noSuchPool } from "./pool-rules.ts"
import type { SqliteConnection } from "./sqlite-connection.ts"
import * as networks from "./sqlite-networks.ts"
import { findPool, findPoolAround } from "./sqlite-pools.ts"
import { releasePrefix, takePrefix } from "./sqlite-prefixes.ts"

/** What claims are made with. */
export interface ClaimGround {
  readonly secret: KeyObject
  /** Unix seconds. */
  readonly now: number
}

/** Each of these runs within a transaction of `db`. */
export function createNetwork(db: SqliteConnection, network: SharedNetwork, ground: ClaimGround): SharedNetwork {
  if (networks.findNetworkById(db, network.id) === undefined) claimOwn(db, network, ground)
  return networks.createNetwork(db, network)
}

export function createPooledNetwork(db: SqliteConnection, plan: PooledNetworkPlan, ground: ClaimGround): SharedNetwork {
  const pool = findPool(db, plan.pool)
  if (pool === undefined) throw noSuchPool("ipv6.pool", plan.pool)
  const stored = networks.findNetworkById(db, plan.networkId)?.ipv6?.prefix
  const prefix = stored ?? takeFor(db, plan.networkId, pool.id, ground, plan.prefix)
  return networks.createNetwork(db, plan.on(pool.id, plan.prefix ?? prefix))
}

export function removeNetwork(db: SqliteConnection, id: string, now: number): void {
  const poolId = networks.findNetworkById(db, id)?.ipv6?.pool
  networks.removeNetwork(db, id)
  if (poolId !== undefined) releasePrefix(db, poolId, { kind: "network", id }, now)
}

/** The change on the /64 that it asks a pool for; a network that has IPv6 keeps its own. */
export function placeChange(
  db: SqliteConnection,
  stored: SharedNetwork,
  change: NetworkChange,
  ground: ClaimGround,
): NetworkChange {
  const pooled = planPooledChange(change)
  if (pooled === undefined) return change
  const pool = findPool(db, pooled.pool)
  if (pool === undefined) throw noSuchPool("ipv6.pool", pooled.pool)
  const prefix = stored.ipv6?.prefix ?? takeFor(db, stored.id, pool.id, ground, pooled.prefix)
  return pooled.on(pool.id, pooled.prefix ?? prefix)
}

/** A /64 of a pool becomes the network's; ALREADY_EXISTS for one that lies in a pool that was not named. */
export function claimOwn(db: SqliteConnection, network: SharedNetwork, ground: ClaimGround): void {
  if (network.ipv6 === undefined) return
  const { prefix, pool } = network.ipv6
  checkOutsidePools(network, findPoolAround(db, prefix64ToBigInt(prefix)))
  if (pool !== undefined) takeFor(db, network.id, pool, ground, prefix)
}

function takeFor(
  db: SqliteConnection,
  networkId: string,
  poolId: string,
  ground: ClaimGround,
  requested: Prefix64 | undefined,
): Prefix64 {
  const holder = { kind: "network", id: networkId } as const
  const fields = { pool: "ipv6.pool", prefix: "ipv6.prefix" }
  return takePrefix(db, poolId, { holder, fields, ...ground }, requested).prefix
}

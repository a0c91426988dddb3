import type { KeyObject } from "node:crypto"
import { prefix64ToBigInt } from "../address/prefix64.ts"
import { checkOutsidePools } from "../network/check-pool.ts"
import type { PooledNetworkPlan } from "../network/plan-pooled-network.ts"
import type { PrefixPool, SharedNetwork } from "../network/records.ts"
import { noSuchPool } from "./pool-rules.ts"
import type { SqliteConnection } from "./sqlite-connection.ts"
import * as networks from "./sqlite-networks.ts"
import { findPool, findPoolAround, needPool } from "./sqlite-pools.ts"
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
  const pool = needNamed(db, plan.pool)
  const stored = networks.findNetworkById(db, plan.networkId)
  const prefix = stored?.ipv6?.prefix ?? take(db, pool, plan, ground)
  return networks.createNetwork(db, plan.on(pool.id, plan.prefix ?? prefix))
}

export function removeNetwork(db: SqliteConnection, id: string, now: number): void {
  const poolId = networks.findNetworkById(db, id)?.ipv6?.pool
  networks.removeNetwork(db, id)
  if (poolId !== undefined) releasePrefix(db, poolId, { kind: "network", id }, now)
}

function claimOwn(db: SqliteConnection, network: SharedNetwork, ground: ClaimGround): void {
  if (network.ipv6 === undefined) return
  const { prefix, pool } = network.ipv6
  checkOutsidePools(network, findPoolAround(db, prefix64ToBigInt(prefix)))
  if (pool === undefined) return
  const holder = { kind: "network", id: network.id } as const
  takePrefix(db, needPool(db, pool, "ipv6.pool"), { holder, ...ground, field: "ipv6.prefix" }, prefix)
}

function take(db: SqliteConnection, pool: PrefixPool, plan: PooledNetworkPlan, ground: ClaimGround) {
  const holder = { kind: "network", id: plan.networkId } as const
  return takePrefix(db, needPool(db, pool.id), { holder, ...ground, field: "ipv6.prefix" }, plan.prefix).prefix
}

function needNamed(db: SqliteConnection, idOrName: string): PrefixPool {
  const pool = findPool(db, idOrName)
  if (pool !== undefined) return pool
  throw noSuchPool("ipv6.pool", idOrName)
}

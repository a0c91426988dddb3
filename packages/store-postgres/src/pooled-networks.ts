import type { KeyObject } from "node:crypto"
import { checkOutsidePools, planPooledChange, prefix64ToBigInt } from "@slash64/core"
import type { NetworkChange, PooledNetworkPlan, Prefix64, SharedNetwork } from "@slash64/core"
import { noSuchPool, readNetworkRow } from "@slash64/core/store-rules"
import * as networks from "./networks.ts"
import { findPool, findPoolAround, lockPool } from "./pools.ts"
import type { Sql } from "./postgres-connection.ts"
import { releasePrefix, takePrefix } from "./prefixes.ts"
import { lockSchema } from "./schema.ts"

/** What claims are made with. */
export interface ClaimGround {
  readonly secret: KeyObject
  /** Unix seconds. */
  readonly now: number
}

/** One transaction: network and pool are locked in this order, as everywhere. */
export async function createNetwork(sql: Sql, network: SharedNetwork, ground: ClaimGround): Promise<SharedNetwork> {
  await lockSchema(sql)
  if ((await storedNetwork(sql, network.id)) === undefined) await claimOwn(sql, network, ground)
  return networks.createNetwork(sql, network)
}

/** One transaction. */
export async function createPooledNetwork(
  sql: Sql,
  plan: PooledNetworkPlan,
  ground: ClaimGround,
): Promise<SharedNetwork> {
  await lockSchema(sql)
  const pool = await findPool(sql, plan.pool)
  if (pool === undefined) throw noSuchPool("ipv6.pool", plan.pool)
  const stored = (await storedNetwork(sql, plan.networkId))?.ipv6?.prefix
  const prefix = stored ?? (await takeFor(sql, plan.networkId, pool.id, ground, plan.prefix))
  return networks.createNetwork(sql, plan.on(pool.id, plan.prefix ?? prefix))
}

/** One transaction. */
export async function removeNetwork(sql: Sql, id: string, now: number): Promise<void> {
  const row = await networks.lockNetwork(sql, id, "UPDATE")
  if (row === undefined) return
  const poolId = readNetworkRow(row).ipv6?.pool
  await networks.removeNetwork(sql, id)
  if (poolId !== undefined) await releasePrefix(sql, poolId, { kind: "network", id }, now)
}

/** The change on the /64 that it asks a pool for; a network that has IPv6 keeps its own. */
export async function placeChange(
  sql: Sql,
  stored: SharedNetwork,
  change: NetworkChange,
  ground: ClaimGround,
): Promise<NetworkChange> {
  const pooled = planPooledChange(change)
  if (pooled === undefined) return change
  const pool = await findPool(sql, pooled.pool)
  if (pool === undefined) throw noSuchPool("ipv6.pool", pooled.pool)
  const prefix = stored.ipv6?.prefix ?? (await takeFor(sql, stored.id, pool.id, ground, pooled.prefix))
  return pooled.on(pool.id, pooled.prefix ?? prefix)
}

/** A /64 of a pool becomes the network's; ALREADY_EXISTS for one that lies in a pool that was not named. */
export async function claimOwn(sql: Sql, network: SharedNetwork, ground: ClaimGround): Promise<void> {
  if (network.ipv6 === undefined) return
  const { prefix, pool } = network.ipv6
  checkOutsidePools(network, await findPoolAround(sql, prefix64ToBigInt(prefix)))
  if (pool !== undefined) await takeFor(sql, network.id, pool, ground, prefix)
}

async function takeFor(
  sql: Sql,
  networkId: string,
  poolId: string,
  ground: ClaimGround,
  requested: Prefix64 | undefined,
): Promise<Prefix64> {
  const row = await lockPool(sql, poolId)
  if (row === undefined) throw noSuchPool("ipv6.pool", poolId)
  const holder = { kind: "network", id: networkId } as const
  return (await takePrefix(sql, row, { holder, ...ground, field: "ipv6.prefix" }, requested)).prefix
}

async function storedNetwork(sql: Sql, id: string): Promise<SharedNetwork | undefined> {
  const row = await networks.findNetworkRow(sql, id)
  return row && readNetworkRow(row)
}

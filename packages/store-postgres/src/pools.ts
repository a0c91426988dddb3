import { checkPoolAgainst, ipv6PrefixBounds, parsePoolPrefix, poolSlots } from "@slash64/core"
import type { Interval, Ipv6Prefix, PoolPrefix, PrefixPool, SharedNetwork } from "@slash64/core"
import {
  addressBlob,
  checkCut,
  checkNothingHeld,
  directionOf,
  noSuchPool,
  numberOf,
  readNetworkRow,
  readPoolRow,
  readPrefixRow,
  samePool,
} from "@slash64/core/store-rules"
import type { Sql } from "./postgres-connection.ts"
import { lockSchema } from "./schema.ts"

/** A pool, and the slot where its policy `sequential` goes on. */
export interface PoolRow {
  readonly pool: PrefixPool
  readonly cursor: bigint
}

/** One transaction. No index finds prefixes that overlap, so one pool or network is created at a time. */
export async function createPool(sql: Sql, pool: PrefixPool): Promise<PrefixPool> {
  await lockSchema(sql)
  const row = await sql.get("SELECT body FROM pools WHERE id = $1", pool.id)
  if (row !== undefined) return samePool(readPoolRow(row), pool)
  const { first, last } = ipv6PrefixBounds(pool.prefix)
  checkPoolAgainst(pool, { pools: await neighbours(sql, pool), networks: await networksIn(sql, { first, last }) })
  await sql.run(
    "INSERT INTO pools (id, name, first6, last6, body, next_slot) VALUES ($1, $2, $3, $4, $5, $6)",
    pool.id,
    pool.name,
    addressBlob(first),
    addressBlob(last),
    JSON.stringify(pool),
    poolSlots(pool.prefix).first,
  )
  return pool
}

export async function findPool(sql: Sql, idOrName: string): Promise<PrefixPool | undefined> {
  const row = await sql.get("SELECT body FROM pools WHERE id = $1 OR name = $1", idOrName)
  return row && readPoolRow(row)
}

/** NOT_FOUND when it is not there. */
export async function needPool(sql: Sql, id: string): Promise<PrefixPool> {
  const row = await sql.get("SELECT body FROM pools WHERE id = $1", id)
  if (row === undefined) throw noSuchPool("poolId", id)
  return readPoolRow(row)
}

/** Within a transaction, to its end: what a pool holds is changed by one at a time. */
export async function lockPool(sql: Sql, id: string): Promise<PoolRow | undefined> {
  const row = await sql.get("SELECT body, next_slot FROM pools WHERE id = $1 FOR UPDATE", id)
  return row && { pool: readPoolRow(row), cursor: BigInt(numberOf(row, "next_slot")) }
}

/** The pool that an address lies in: no two overlap. */
export async function findPoolAround(sql: Sql, address: bigint): Promise<PrefixPool | undefined> {
  const row = await sql.get("SELECT body FROM pools WHERE first6 <= $1 AND last6 >= $1", addressBlob(address))
  return row && readPoolRow(row)
}

export async function listPools(sql: Sql): Promise<PrefixPool[]> {
  return (await sql.all("SELECT body FROM pools ORDER BY name")).map(readPoolRow)
}

/** One transaction. */
export async function resizePool(sql: Sql, id: string, asked: Ipv6Prefix): Promise<PrefixPool> {
  await lockSchema(sql)
  const row = await lockPool(sql, id)
  if (row === undefined) throw noSuchPool("poolId", id)
  const resized = { ...row.pool, prefix: parsePoolPrefix("prefix", asked) }
  if (resized.prefix === row.pool.prefix) return row.pool
  if (directionOf(row.pool, resized.prefix) === "grow") await checkGrowth(sql, row.pool, resized)
  else await cut(sql, row.pool, resized)
  const { first, last } = ipv6PrefixBounds(resized.prefix)
  await sql.run(
    "UPDATE pools SET first6 = $2, last6 = $3, body = $4 WHERE id = $1",
    id,
    addressBlob(first),
    addressBlob(last),
    JSON.stringify(resized),
  )
  return resized
}

/** One transaction. */
export async function removePool(sql: Sql, id: string): Promise<void> {
  const row = await lockPool(sql, id)
  if (row === undefined) return
  const { held, such } = await heldOutside(sql, row.pool, { first: 0n, last: -1n })
  checkNothingHeld(id, held, such)
  await sql.run("DELETE FROM pool_prefixes WHERE pool_id = $1", id)
  await sql.run("DELETE FROM pools WHERE id = $1", id)
}

async function checkGrowth(sql: Sql, pool: PrefixPool, resized: PrefixPool): Promise<void> {
  const [was, will] = [ipv6PrefixBounds(pool.prefix), ipv6PrefixBounds(resized.prefix)]
  const below = await networksIn(sql, { first: will.first, last: was.first - 1n })
  const above = await networksIn(sql, { first: was.last + 1n, last: will.last })
  checkPoolAgainst(resized, { pools: await neighbours(sql, resized), networks: [...below, ...above] })
}

async function cut(sql: Sql, pool: PrefixPool, resized: PrefixPool): Promise<void> {
  const kept = poolSlots(resized.prefix)
  const { held, such } = await heldOutside(sql, pool, kept)
  checkCut(resized.prefix, held, such)
  await sql.run(
    "DELETE FROM pool_prefixes WHERE pool_id = $1 AND (slot < $2 OR slot > $3)",
    pool.id,
    kept.first,
    kept.last,
  )
}

/** How many are held, and the lowest of them. */
async function heldOutside(
  sql: Sql,
  pool: PrefixPool,
  { first, last }: Interval,
): Promise<{ readonly held: bigint; readonly such: PoolPrefix | undefined }> {
  const where = "pool_id = $1 AND (slot < $2 OR slot > $3) AND free_after IS NULL"
  const row = await sql.get(`SELECT count(*) AS held FROM pool_prefixes WHERE ${where}`, pool.id, first, last)
  const lowest = await sql.get(
    `SELECT slot, holder_kind, holder_id FROM pool_prefixes WHERE ${where} ORDER BY slot LIMIT 1`,
    pool.id,
    first,
    last,
  )
  return { held: BigInt(numberOf(row ?? {}, "held")), such: lowest && readPrefixRow(pool, lowest) }
}

/** The pools that may be in its way. */
async function neighbours(sql: Sql, { id, name, prefix }: PrefixPool): Promise<PrefixPool[]> {
  const { first, last } = ipv6PrefixBounds(prefix)
  const rows = await sql.all(
    "SELECT body FROM pools WHERE name IN ($1, $2) OR id = $1 OR (first6 <= $4 AND last6 >= $3)",
    name,
    id,
    addressBlob(first),
    addressBlob(last),
  )
  return rows.map(readPoolRow)
}

/** At most one, in a part of the address space that is no pool's yet. */
async function networksIn(sql: Sql, { first, last }: Interval): Promise<SharedNetwork[]> {
  if (first > last) return []
  const rows = await sql.all(
    "SELECT body FROM networks WHERE prefix6 BETWEEN $1 AND $2 LIMIT 1",
    addressBlob(first),
    addressBlob(last),
  )
  return rows.map(readNetworkRow)
}

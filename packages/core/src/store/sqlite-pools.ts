import { ipv6PrefixBounds } from "../address/ipv6-prefix.ts"
import type { Ipv6Prefix } from "../address/ipv6-prefix.ts"
import { poolSlots } from "../allocate/prefix-pool.ts"
import { checkPoolAgainst } from "../network/check-pool.ts"
import { parsePoolPrefix } from "../network/plan-pool.ts"
import type { PoolPrefix, PrefixPool } from "../network/records.ts"
import { checkCut, checkNothingHeld, directionOf, noSuchPool, samePool } from "./pool-rules.ts"
import { readNetworkRow, readPoolRow, readPrefixRow } from "./record-codec.ts"
import { addressBlob, numberOf } from "./row.ts"
import type { SqliteConnection } from "./sqlite-connection.ts"
import { addRun, cutRuns } from "./sqlite-pool-runs.ts"
import type { Run } from "./sqlite-pool-runs.ts"

/** Each of these runs within a transaction of `db`. */
export function createPool(db: SqliteConnection, pool: PrefixPool): PrefixPool {
  const stored = findPoolById(db, pool.id)
  if (stored !== undefined) return samePool(stored, pool)
  const { first, last } = ipv6PrefixBounds(pool.prefix)
  checkPoolAgainst(pool, { pools: neighbours(db, pool), networks: networksBetween(db, first, last) })
  const slots = poolSlots(pool.prefix)
  db.run(
    "INSERT INTO pools (id, name, first6, last6, body, cursor) VALUES (?, ?, ?, ?, ?, ?)",
    pool.id,
    pool.name,
    addressBlob(first),
    addressBlob(last),
    JSON.stringify(pool),
    Number(slots.first),
  )
  addRun(db, pool.id, slots)
  return pool
}

export function findPool(db: SqliteConnection, idOrName: string): PrefixPool | undefined {
  const row = db.get("SELECT body FROM pools WHERE id = ? OR name = ?", idOrName, idOrName)
  return row && readPoolRow(row)
}

/** NOT_FOUND when it is not there. */
export function needPool(db: SqliteConnection, id: string): PrefixPool {
  const pool = findPoolById(db, id)
  if (pool === undefined) throw noSuchPool("poolId", id)
  return pool
}

/** The pool that an address lies in: no two overlap. */
export function findPoolAround(db: SqliteConnection, address: bigint): PrefixPool | undefined {
  const key = addressBlob(address)
  const row = db.get("SELECT body FROM pools WHERE first6 <= ? AND last6 >= ?", key, key)
  return row && readPoolRow(row)
}

export function listPools(db: SqliteConnection): PrefixPool[] {
  return db.all("SELECT body FROM pools ORDER BY name").map(readPoolRow)
}

export function resizePool(db: SqliteConnection, id: string, asked: Ipv6Prefix): PrefixPool {
  const pool = needPool(db, id)
  const resized = { ...pool, prefix: parsePoolPrefix("prefix", asked) }
  if (resized.prefix === pool.prefix) return pool
  if (directionOf(pool, resized.prefix) === "grow") grow(db, pool, resized)
  else shrink(db, pool, resized)
  const { first, last } = ipv6PrefixBounds(resized.prefix)
  db.run(
    "UPDATE pools SET first6 = ?, last6 = ?, body = ? WHERE id = ?",
    addressBlob(first),
    addressBlob(last),
    JSON.stringify(resized),
    id,
  )
  return resized
}

export function removePool(db: SqliteConnection, id: string): void {
  const pool = findPoolById(db, id)
  if (pool === undefined) return
  const { held, such } = heldOutside(db, pool, noSlots)
  checkNothingHeld(id, held, such)
  db.run("DELETE FROM pools WHERE id = ?", id)
}

const noSlots: Run = { first: 0, last: -1 }

function grow(db: SqliteConnection, pool: PrefixPool, resized: PrefixPool): void {
  const [was, will] = [ipv6PrefixBounds(pool.prefix), ipv6PrefixBounds(resized.prefix)]
  const added = [...networksBetween(db, will.first, was.first - 1n), ...networksBetween(db, was.last + 1n, will.last)]
  checkPoolAgainst(resized, { pools: neighbours(db, resized), networks: added })
  const [before, now] = [poolSlots(pool.prefix), poolSlots(resized.prefix)]
  addRun(db, pool.id, { first: now.first, last: before.first - 1n })
  addRun(db, pool.id, { first: before.last + 1n, last: now.last })
}

function shrink(db: SqliteConnection, pool: PrefixPool, resized: PrefixPool): void {
  const slots = poolSlots(resized.prefix)
  const kept = { first: Number(slots.first), last: Number(slots.last) }
  const { held, such } = heldOutside(db, pool, kept)
  checkCut(resized.prefix, held, such)
  db.run("DELETE FROM pool_prefixes WHERE pool_id = ? AND (slot < ? OR slot > ?)", pool.id, kept.first, kept.last)
  cutRuns(db, pool.id, slots)
}

/** How many are held, and the lowest of them. */
function heldOutside(
  db: SqliteConnection,
  pool: PrefixPool,
  { first, last }: Run,
): { readonly held: bigint; readonly such: PoolPrefix | undefined } {
  const where = "pool_id = ? AND (slot < ? OR slot > ?) AND free_after IS NULL"
  const row = db.get(`SELECT count(*) AS held FROM pool_prefixes WHERE ${where}`, pool.id, first, last)
  const lowest = db.get(
    `SELECT slot, holder_kind, holder_id FROM pool_prefixes WHERE ${where} ORDER BY slot LIMIT 1`,
    pool.id,
    first,
    last,
  )
  return { held: BigInt(numberOf(row ?? {}, "held")), such: lowest && readPrefixRow(pool, lowest) }
}

function findPoolById(db: SqliteConnection, id: string): PrefixPool | undefined {
  const row = db.get("SELECT body FROM pools WHERE id = ?", id)
  return row && readPoolRow(row)
}

/** The pools that may be in its way. */
function neighbours(db: SqliteConnection, { id, name, prefix }: PrefixPool): PrefixPool[] {
  const { first, last } = ipv6PrefixBounds(prefix)
  return db
    .all(
      "SELECT body FROM pools WHERE name IN (?, ?) OR id = ? OR (first6 <= ? AND last6 >= ?)",
      name,
      id,
      name,
      addressBlob(last),
      addressBlob(first),
    )
    .map(readPoolRow)
}

/** At most one, in a part of the address space that is no pool's yet. */
function networksBetween(db: SqliteConnection, first: bigint, last: bigint): ReturnType<typeof readNetworkRow>[] {
  if (first > last) return []
  return db
    .all("SELECT body FROM networks WHERE prefix6 BETWEEN ? AND ? LIMIT 1", addressBlob(first), addressBlob(last))
    .map(readNetworkRow)
}

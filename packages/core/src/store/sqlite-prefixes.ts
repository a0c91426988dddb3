import type { KeyObject } from "node:crypto"
import { countPrefix64s } from "../address/ipv6-prefix.ts"
import type { Prefix64 } from "../address/prefix64.ts"
import { allocateAddress } from "../allocate/address-allocator.ts"
import type { AddressQuestion } from "../allocate/address-allocator.ts"
import { requestedOrder } from "../allocate/address-policy.ts"
import type { AddressOrder } from "../allocate/address-policy.ts"
import { prefixAtSlot, prefixOrder } from "../allocate/prefix-pool.ts"
import type { Slash64Error } from "../errors.ts"
import type { PoolPrefix, PrefixHolder, PrefixPool } from "../network/records.ts"
import type { PrefixCounts, PrefixPage } from "./pool-store.ts"
import { noSuchPool } from "./pool-rules.ts"
import { noPrefixLeft, parsePrefixPage, prefixNotFree, samePrefix, slotOfPool } from "./prefix-rules.ts"
import { readHolder, readPoolRow, readPrefixRow } from "./record-codec.ts"
import { numberOf } from "./row.ts"
import type { SqliteConnection } from "./sqlite-connection.ts"
import type { KeptPrefix } from "./store-record.ts"
import { addRun, runFrom, splitRun } from "./sqlite-pool-runs.ts"
import type { Run } from "./sqlite-pool-runs.ts"
import { needPool } from "./sqlite-pools.ts"

export interface PrefixTaker {
  readonly holder: PrefixHolder
  readonly secret: KeyObject
  /** Unix seconds. */
  readonly now: number
  /** How the caller spells the pool's id and the requested /64. */
  readonly fields: { readonly pool: string; readonly prefix: string }
}

/** A pool as a claim finds it. */
interface PoolGround {
  readonly pool: PrefixPool
  /** Where the policy `sequential` goes on. */
  readonly cursor: bigint
  /** What the holder has. */
  readonly held: bigint | undefined
  /** What the holder had last and nobody has had since. */
  readonly resting: bigint | undefined
}

/** How many that have rested are made free at once. */
const sweptMost = 100

/** Each of these runs within a transaction of `db`. */
export function takePrefix(db: SqliteConnection, poolId: string, taker: PrefixTaker, requested?: Prefix64): PoolPrefix {
  const { fields, holder, now } = taker
  const ground = readGround(db, poolId, holder)
  if (ground === undefined) throw noSuchPool(fields.pool, poolId)
  const { pool, held } = ground
  const wanted = requested === undefined ? undefined : slotOfPool(pool, fields.prefix, requested)
  if (held !== undefined) return samePrefix(prefixOf(pool, held, holder), fields.prefix, requested)
  const slot = wanted === undefined ? takeAny(db, ground, taker) : drive(db, pool, taker, requestedOrder(wanted))
  if (slot !== undefined) return prefixOf(pool, slot, holder)
  throw wanted === undefined
    ? noPrefixLeft(pool, countPrefixes(db, pool, now))
    : notFree(db, pool, fields.prefix, wanted)
}

/** Takes in a /64 as another store kept it. */
export function keepPrefix(db: SqliteConnection, { poolId, prefix, holder, freeAfter }: KeptPrefix): void {
  const slot = Number(slotOfPool(needPool(db, poolId), "prefix", prefix))
  db.run(
    "INSERT INTO pool_prefixes (pool_id, slot, holder_kind, holder_id, free_after) VALUES (?, ?, ?, ?, ?)",
    poolId,
    slot,
    holder.kind,
    holder.id,
    freeAfter ?? null,
  )
  const run = runFrom(db, poolId, slot)
  if (run !== undefined && run.first <= slot) splitRun(db, poolId, run, slot)
}

export function releasePrefix(db: SqliteConnection, poolId: string, holder: PrefixHolder, now: number): void {
  const { pool, held } = readGround(db, poolId, holder) ?? {}
  if (pool === undefined || held === undefined) return
  sweep(db, pool, now)
  if (pool.quarantineSeconds === 0) return forget(db, pool, Number(held))
  const freeAfter = now + pool.quarantineSeconds
  db.run("UPDATE pool_prefixes SET free_after = ? WHERE pool_id = ? AND slot = ?", freeAfter, pool.id, Number(held))
}

export function listPrefixes(db: SqliteConnection, poolId: string, page: PrefixPage): PoolPrefix[] {
  const pool = needPool(db, poolId)
  const { from, limit = -1 } = parsePrefixPage(pool, page)
  return db
    .all(
      `SELECT slot, holder_kind, holder_id FROM pool_prefixes
       WHERE pool_id = ? AND slot >= ? AND free_after IS NULL ORDER BY slot LIMIT ?`,
      pool.id,
      Number(from),
      limit,
    )
    .map((row) => readPrefixRow(pool, row))
}

export function countPrefixes(db: SqliteConnection, pool: PrefixPool, now: number): PrefixCounts {
  const row = db.get(
    `SELECT count(*) FILTER (WHERE free_after IS NULL) AS held, count(*) FILTER (WHERE free_after > ?) AS resting
     FROM pool_prefixes WHERE pool_id = ?`,
    now,
    pool.id,
  )
  const [held, resting] = [BigInt(numberOf(row ?? {}, "held")), BigInt(numberOf(row ?? {}, "resting"))]
  const capacity = countPrefix64s("prefix", pool.prefix)
  return { capacity, held, resting, free: capacity - held - resting }
}

function takeAny(db: SqliteConnection, { pool, cursor, resting }: PoolGround, taker: PrefixTaker): bigint | undefined {
  const policy = prefixOrder(pool, taker.holder, { secret: taker.secret, cursor })
  const order = { ...policy, proposals: resting === undefined ? policy.proposals : [resting, ...policy.proposals] }
  let slot = drive(db, pool, taker, order)
  while (slot === undefined && sweep(db, pool, taker.now) > 0) slot = drive(db, pool, taker, order)
  if (slot !== undefined && slot !== resting && pool.policy === "sequential") moveCursor(db, pool, slot + 1n)
  return slot
}

function drive(db: SqliteConnection, pool: PrefixPool, taker: PrefixTaker, order: AddressOrder): bigint | undefined {
  const steps = allocateAddress(order)
  let run: Run | undefined
  const answer = (question: AddressQuestion): bigint | undefined => {
    const asked = question.ask === "take" ? question.address : question.from
    const slot = Number(asked)
    if (run === undefined || slot < run.first || slot > run.last) run = runFrom(db, pool.id, slot)
    if (question.ask === "take") return take(db, pool, taker, run, slot) ? asked : undefined
    return run && BigInt(Math.max(run.first, slot))
  }
  let step = steps.next()
  while (step.done !== true) step = steps.next(answer(step.value))
  return step.value
}

/** One at rest is free for the holder that had it last, and for all when it has rested. */
function take(
  db: SqliteConnection,
  pool: PrefixPool,
  { holder, now }: PrefixTaker,
  run: Run | undefined,
  slot: number,
): boolean {
  if (run !== undefined && run.first <= slot && slot <= run.last) {
    splitRun(db, pool.id, run, slot)
    db.run(
      "INSERT INTO pool_prefixes (pool_id, slot, holder_kind, holder_id) VALUES (?, ?, ?, ?)",
      pool.id,
      slot,
      holder.kind,
      holder.id,
    )
    return true
  }
  return (
    db.run(
      `UPDATE pool_prefixes SET holder_kind = ?1, holder_id = ?2, free_after = NULL WHERE pool_id = ?3 AND slot = ?4
       AND (free_after <= ?5 OR (free_after IS NOT NULL AND holder_kind = ?1 AND holder_id = ?2))`,
      holder.kind,
      holder.id,
      pool.id,
      slot,
      now,
    ) === 1
  )
}

/** Makes free what has rested; gives how many. */
function sweep(db: SqliteConnection, pool: PrefixPool, now: number): number {
  const rested = db.all(
    "SELECT slot FROM pool_prefixes WHERE pool_id = ? AND free_after <= ? ORDER BY free_after LIMIT ?",
    pool.id,
    now,
    sweptMost,
  )
  for (const row of rested) forget(db, pool, numberOf(row, "slot"))
  return rested.length
}

function forget(db: SqliteConnection, pool: PrefixPool, slot: number): void {
  db.run("DELETE FROM pool_prefixes WHERE pool_id = ? AND slot = ?", pool.id, slot)
  addRun(db, pool.id, { first: BigInt(slot), last: BigInt(slot) })
}

function readGround(db: SqliteConnection, poolId: string, holder: PrefixHolder): PoolGround | undefined {
  const row = db.get(
    `SELECT body, cursor,
       (SELECT slot FROM pool_prefixes
        WHERE holder_id = ?2 AND holder_kind = ?3 AND pool_id = ?1 AND free_after IS NULL) AS held,
       (SELECT slot FROM pool_prefixes
        WHERE holder_id = ?2 AND holder_kind = ?3 AND pool_id = ?1 AND free_after IS NOT NULL
        ORDER BY free_after DESC LIMIT 1) AS resting
     FROM pools WHERE id = ?1`,
    poolId,
    holder.id,
    holder.kind,
  )
  if (row === undefined) return undefined
  const slotOf = (column: string) => (row[column] === null ? undefined : BigInt(numberOf(row, column)))
  return {
    pool: readPoolRow(row),
    cursor: BigInt(numberOf(row, "cursor")),
    held: slotOf("held"),
    resting: slotOf("resting"),
  }
}

function moveCursor(db: SqliteConnection, pool: PrefixPool, next: bigint): void {
  db.run("UPDATE pools SET cursor = ? WHERE id = ?", Number(next), pool.id)
}

function prefixOf(pool: PrefixPool, slot: bigint, holder: PrefixHolder): PoolPrefix {
  return { poolId: pool.id, prefix: prefixAtSlot(pool.prefix, slot), holder }
}

function notFree(db: SqliteConnection, pool: PrefixPool, field: string, slot: bigint): Slash64Error {
  const row = db.get(
    "SELECT holder_kind, holder_id, free_after FROM pool_prefixes WHERE pool_id = ? AND slot = ?",
    pool.id,
    Number(slot),
  )
  const freeAfter = row?.["free_after"]
  const until = typeof freeAfter === "number" ? freeAfter : undefined
  return prefixNotFree(field, prefixAtSlot(pool.prefix, slot), readHolder(row ?? {}), until)
}

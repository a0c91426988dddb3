import type { KeyObject } from "node:crypto"
import {
  addressSpace,
  allocateAddress,
  countPrefix64s,
  firstGap,
  poolSlots,
  prefixAtSlot,
  prefixOrder,
  requestedOrder,
} from "@slash64/core"
import type {
  AddressOrder,
  AddressQuestion,
  PoolPrefix,
  Prefix64,
  PrefixCounts,
  PrefixHolder,
  PrefixPage,
  PrefixPool,
  Slash64Error,
} from "@slash64/core"
import {
  noPrefixLeft,
  numberOf,
  parsePrefixPage,
  prefixNotFree,
  readHolder,
  readPrefixRow,
  samePrefix,
  slotOfPool,
} from "@slash64/core/store-rules"
import { lockPool, needPool } from "./pools.ts"
import type { PoolRow } from "./pools.ts"
import type { Sql } from "./postgres-connection.ts"

export interface PrefixTaker {
  readonly holder: PrefixHolder
  readonly secret: KeyObject
  /** Unix seconds. */
  readonly now: number
  /** How the caller spells the requested /64. */
  readonly field: string
}

/** Within a transaction that has locked the pool. */
export async function takePrefix(
  sql: Sql,
  { pool, cursor }: PoolRow,
  taker: PrefixTaker,
  requested?: Prefix64,
): Promise<PoolPrefix> {
  const wanted = requested === undefined ? undefined : slotOfPool(pool, taker.field, requested)
  const { held, resting } = await slotsOf(sql, pool, taker.holder)
  if (held !== undefined) return samePrefix(prefixOf(pool, held, taker.holder), taker.field, requested)
  const policy = prefixOrder(pool, taker.holder, { secret: taker.secret, cursor })
  const order = resting === undefined ? policy : { ...policy, proposals: [resting, ...policy.proposals] }
  const slot = await drive(sql, pool, taker, wanted === undefined ? order : requestedOrder(wanted))
  if (slot === undefined) throw await notGiven(sql, pool, taker, wanted)
  if (pool.policy === "sequential" && wanted === undefined && slot !== resting)
    await sql.run("UPDATE pools SET next_slot = $2 WHERE id = $1", pool.id, slot + 1n)
  return prefixOf(pool, slot, taker.holder)
}

/** One transaction. */
export async function releasePrefix(sql: Sql, poolId: string, holder: PrefixHolder, now: number): Promise<void> {
  const row = await lockPool(sql, poolId)
  if (row === undefined) return
  const { id, quarantineSeconds } = row.pool
  await sql.run("DELETE FROM pool_prefixes WHERE pool_id = $1 AND free_after <= $2", id, now)
  const held = "pool_id = $1 AND holder_kind = $2 AND holder_id = $3 AND free_after IS NULL"
  if (quarantineSeconds === 0) await sql.run(`DELETE FROM pool_prefixes WHERE ${held}`, id, holder.kind, holder.id)
  else
    await sql.run(
      `UPDATE pool_prefixes SET free_after = $4 WHERE ${held}`,
      id,
      holder.kind,
      holder.id,
      now + quarantineSeconds,
    )
}

export async function listPrefixes(sql: Sql, poolId: string, page: PrefixPage): Promise<PoolPrefix[]> {
  const pool = await needPool(sql, poolId)
  const { from, limit = null } = parsePrefixPage(pool, page)
  const rows = await sql.all(
    `SELECT slot, holder_kind, holder_id FROM pool_prefixes
     WHERE pool_id = $1 AND slot >= $2 AND free_after IS NULL ORDER BY slot LIMIT $3`,
    pool.id,
    from,
    limit,
  )
  return rows.map((row) => readPrefixRow(pool, row))
}

export async function countPrefixes(sql: Sql, pool: PrefixPool, now: number): Promise<PrefixCounts> {
  const row = await sql.get(
    `SELECT count(*) FILTER (WHERE free_after IS NULL) AS held, count(*) FILTER (WHERE free_after > $2) AS resting
     FROM pool_prefixes WHERE pool_id = $1`,
    pool.id,
    now,
  )
  const [held, resting] = [BigInt(numberOf(row ?? {}, "held")), BigInt(numberOf(row ?? {}, "resting"))]
  const capacity = countPrefix64s("prefix", pool.prefix)
  return { capacity, held, resting, free: capacity - held - resting }
}

/** What a holder has, and what it had last and nobody has had since. */
async function slotsOf(
  sql: Sql,
  pool: PrefixPool,
  holder: PrefixHolder,
): Promise<{ readonly held?: bigint; readonly resting?: bigint }> {
  const rows = await sql.all(
    `SELECT slot, free_after FROM pool_prefixes WHERE pool_id = $1 AND holder_kind = $2 AND holder_id = $3
     ORDER BY free_after`,
    pool.id,
    holder.kind,
    holder.id,
  )
  const held = rows.find((row) => row["free_after"] === null)
  const resting = rows.findLast((row) => row["free_after"] !== null)
  return {
    ...(held && { held: BigInt(numberOf(held, "slot")) }),
    ...(resting && { resting: BigInt(numberOf(resting, "slot")) }),
  }
}

async function drive(sql: Sql, pool: PrefixPool, taker: PrefixTaker, order: AddressOrder): Promise<bigint | undefined> {
  const steps = allocateAddress(order)
  let step = steps.next()
  while (step.done !== true) step = steps.next(await answer(sql, pool, taker, step.value))
  return step.value
}

async function answer(
  sql: Sql,
  pool: PrefixPool,
  taker: PrefixTaker,
  question: AddressQuestion,
): Promise<bigint | undefined> {
  switch (question.ask) {
    case "take":
      return (await take(sql, pool, taker, question.address)) ? question.address : undefined
    case "gap":
      return findGap(sql, pool, taker.now, question.from)
  }
}

/** One at rest is free for the holder that had it last, and for all when it has rested. */
async function take(sql: Sql, pool: PrefixPool, { holder, now }: PrefixTaker, slot: bigint): Promise<boolean> {
  const inserted = await sql.run(
    `INSERT INTO pool_prefixes (pool_id, slot, holder_kind, holder_id) VALUES ($1, $2, $3, $4)
     ON CONFLICT (pool_id, slot) DO NOTHING`,
    pool.id,
    slot,
    holder.kind,
    holder.id,
  )
  if (inserted === 1) return true
  const taken = await sql.run(
    `UPDATE pool_prefixes SET holder_kind = $3, holder_id = $4, free_after = NULL WHERE pool_id = $1 AND slot = $2
     AND free_after IS NOT NULL AND (free_after <= $5 OR (holder_kind = $3 AND holder_id = $4))`,
    pool.id,
    slot,
    holder.kind,
    holder.id,
    now,
  )
  return taken === 1
}

/** Reads what is held by pages that grow: most gaps are near. */
async function findGap(sql: Sql, pool: PrefixPool, now: number, from: bigint): Promise<bigint | undefined> {
  const slots = poolSlots(pool.prefix)
  const space = addressSpace([slots], [])
  let start = from > slots.first ? from : slots.first
  for (let size = 16; ; size = Math.min(4096, size * 4)) {
    const rows = await sql.all(
      `SELECT slot FROM pool_prefixes WHERE pool_id = $1 AND slot >= $2 AND (free_after IS NULL OR free_after > $3)
       ORDER BY slot LIMIT ${size}`,
      pool.id,
      start,
      now,
    )
    const held = rows.map((row) => BigInt(numberOf(row, "slot")))
    const last = held.length < size ? undefined : held.at(-1)
    const gap = firstGap(space, start, held)
    if (gap === undefined || last === undefined || gap < last) return gap
    start = last + 1n
  }
}

async function notGiven(
  sql: Sql,
  pool: PrefixPool,
  { field, now }: PrefixTaker,
  wanted: bigint | undefined,
): Promise<Slash64Error> {
  if (wanted === undefined) return noPrefixLeft(pool, await countPrefixes(sql, pool, now))
  const row = await sql.get(
    "SELECT holder_kind, holder_id, free_after FROM pool_prefixes WHERE pool_id = $1 AND slot = $2",
    pool.id,
    wanted,
  )
  const until = row?.["free_after"] === null ? undefined : numberOf(row ?? {}, "free_after")
  return prefixNotFree(field, prefixAtSlot(pool.prefix, wanted), readHolder(row ?? {}), until)
}

function prefixOf(pool: PrefixPool, slot: bigint, holder: PrefixHolder): PoolPrefix {
  return { poolId: pool.id, prefix: prefixAtSlot(pool.prefix, slot), holder }
}

import {
  allocateAddress,
  eui64NotFree,
  firstGap,
  isInSpace,
  noAddressLeft,
  poolOrder,
  requestedNotFree,
  requestedOrder,
} from "@slash64/core"
import type {
  AddressCounts,
  AddressHolder,
  AddressPool,
  AddressQuestion,
  AddressTaker,
  Interval,
  Slash64Error,
} from "@slash64/core"
import { addressBlob, addressOf, damaged, numberOf, textOf } from "@slash64/core/store-rules"
import type { Row } from "@slash64/core/store-rules"
import { Again } from "./postgres-connection.ts"
import type { Sql } from "./postgres-connection.ts"

/** `now` is unix seconds. */
export type Taker = AddressTaker & { readonly now: number }

/** Gives the NIC an address, as a key; throws what the allocator says where there is none. Within a transaction. */
export async function takeAddress(sql: Sql, pool: AddressPool, taker: Taker, requested?: bigint): Promise<bigint> {
  const own = requested === undefined ? await restingOf(sql, pool, taker.nicId) : []
  const steps = allocateAddress(requested === undefined ? poolOrder(pool, taker, own) : requestedOrder(requested))
  let step = steps.next()
  while (step.done !== true) step = steps.next(await answer(sql, pool, taker, step.value))
  const address = step.value
  if (address === undefined) throw await notGiven(sql, pool, taker, requested)
  const walked = requested === undefined && !own.includes(address)
  if (walked && pool.choice.policy === "sequential") await moveCursor(sql, pool, address + 1n)
  return pool.base + address
}

/** Lets the addresses of a NIC go; they rest until `freeAfter`, or not at all when it is not after `now`. */
export async function releaseAddresses(
  sql: Sql,
  networkId: string,
  keys: readonly Uint8Array[],
  freeAfter: number,
  now: number,
): Promise<void> {
  await forgetRested(sql, networkId, now)
  for (const key of keys)
    if (freeAfter <= now) await sql.run("DELETE FROM addresses WHERE network_id = $1 AND address = $2", networkId, key)
    else
      await sql.run(
        "UPDATE addresses SET free_after = $3 WHERE network_id = $1 AND address = $2",
        networkId,
        key,
        freeAfter,
      )
}

export async function countAddresses(sql: Sql, pool: AddressPool, now: number): Promise<AddressCounts> {
  const { capacity, intervals } = pool.space
  const { held, resting } = await countWithin(sql, pool, intervals, now)
  const heldExcluded = (await countWithin(sql, pool, pool.excluded(), now)).held
  return { capacity, held, resting, free: capacity - held - resting, heldExcluded }
}

async function countWithin(
  sql: Sql,
  pool: AddressPool,
  intervals: readonly Interval[],
  now: number,
): Promise<{ readonly held: bigint; readonly resting: bigint }> {
  let [held, resting] = [0n, 0n]
  for (const { first, last } of intervals) {
    const row = await sql.get(
      `SELECT count(*) FILTER (WHERE free_after IS NULL) AS held, count(*) FILTER (WHERE free_after > $1) AS resting
       FROM addresses WHERE network_id = $2 AND address BETWEEN $3 AND $4`,
      now,
      pool.networkId,
      addressBlob(pool.base + first),
      addressBlob(pool.base + last),
    )
    held += BigInt(numberOf(row ?? {}, "held"))
    resting += BigInt(numberOf(row ?? {}, "resting"))
  }
  return { held, resting }
}

/** What the NIC had before and nobody else has had since. */
async function restingOf(sql: Sql, pool: AddressPool, nicId: string): Promise<bigint[]> {
  const rows = await sql.all(
    "SELECT address FROM addresses WHERE nic_id = $1 AND network_id = $2 AND free_after IS NOT NULL",
    nicId,
    pool.networkId,
  )
  return rows.map((row) => keyOf(row) - pool.base)
}

async function answer(
  sql: Sql,
  pool: AddressPool,
  taker: Taker,
  question: AddressQuestion,
): Promise<bigint | undefined> {
  switch (question.ask) {
    case "take":
      return (await take(sql, pool, taker, question.address)) ? question.address : undefined
    case "gap":
      return findGap(sql, pool, taker.now, question.from)
  }
}

/**
 * An address at rest is free for the NIC that had it last. No ON CONFLICT DO UPDATE: it locks the row that it leaves as
 * it is, and two NICs that try the same addresses in another order would wait for each other.
 */
async function take(sql: Sql, pool: AddressPool, taker: Taker, address: bigint): Promise<boolean> {
  const key = addressBlob(pool.base + address)
  const known = await sql.get(
    `SELECT free_after IS NOT NULL AND (free_after <= $3 OR nic_id = $4) AS free FROM addresses
     WHERE network_id = $1 AND address = $2`,
    pool.networkId,
    key,
    taker.now,
    taker.nicId,
  )
  if (known === undefined) return insertAddress(sql, pool.networkId, key, taker.nicId)
  return known["free"] === true && takeRested(sql, pool.networkId, key, taker)
}

async function insertAddress(sql: Sql, networkId: string, key: Uint8Array, nicId: string): Promise<boolean> {
  const inserted = await sql.run(
    "INSERT INTO addresses (network_id, address, nic_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    networkId,
    key,
    nicId,
  )
  return inserted === 1
}

async function takeRested(sql: Sql, networkId: string, key: Uint8Array, { nicId, now }: Taker): Promise<boolean> {
  const taken = await sql.run(
    `UPDATE addresses SET nic_id = $4, free_after = NULL
     WHERE network_id = $1 AND address = $2 AND free_after IS NOT NULL AND (free_after <= $3 OR nic_id = $4)`,
    networkId,
    key,
    now,
    nicId,
  )
  return taken === 1
}

/** Reads what is held by pages that grow: most gaps are near. */
async function findGap(sql: Sql, pool: AddressPool, now: number, from: bigint): Promise<bigint | undefined> {
  let start = from
  for (let size = 16; ; size = Math.min(4096, size * 4)) {
    const rows = await sql.all(
      `SELECT address FROM addresses
       WHERE network_id = $1 AND address >= $2 AND (free_after IS NULL OR free_after > $3)
       ORDER BY address LIMIT ${size}`,
      pool.networkId,
      addressBlob(pool.base + start),
      now,
    )
    const held = rows.map((row) => keyOf(row) - pool.base)
    const last = held.length < size ? undefined : held.at(-1)
    const gap = firstGap(pool.space, start, held)
    if (gap === undefined || last === undefined || gap < last) return gap
    start = last + 1n
  }
}

async function moveCursor(sql: Sql, pool: AddressPool, next: bigint): Promise<void> {
  const column = pool.family === "ipv6" ? "cursor6" : "cursor4"
  await sql.run(`UPDATE networks SET ${column} = $2 WHERE id = $1`, pool.networkId, addressBlob(next))
}

async function notGiven(
  sql: Sql,
  pool: AddressPool,
  taker: Taker,
  requested: bigint | undefined,
): Promise<Slash64Error> {
  if (requested !== undefined) return requestedNotFree(pool, requested, await needHolder(sql, pool, requested))
  const counts = await countAddresses(sql, pool, taker.now)
  if (pool.choice.policy !== "eui64" || counts.free === 0n) return noAddressLeft(pool, counts)
  const wanted = pool.choice.addressOf(taker.mac)
  const holder = isInSpace(pool.space, wanted) ? await needHolder(sql, pool, wanted) : undefined
  return eui64NotFree(pool, { mac: taker.mac, wanted }, holder)
}

async function needHolder(sql: Sql, pool: AddressPool, address: bigint): Promise<AddressHolder> {
  const row = await sql.get(
    "SELECT nic_id, free_after FROM addresses WHERE network_id = $1 AND address = $2",
    pool.networkId,
    addressBlob(pool.base + address),
  )
  // It was released since it was found taken.
  if (row === undefined) throw new Again()
  const nicId = textOf(row, "nic_id")
  return row["free_after"] === null ? { nicId } : { nicId, freeAfter: numberOf(row, "free_after") }
}

/** Passes over what another release is forgetting. */
async function forgetRested(sql: Sql, networkId: string, now: number): Promise<void> {
  await sql.run(
    `DELETE FROM addresses WHERE network_id = $1 AND address IN (
       SELECT address FROM addresses WHERE network_id = $1 AND free_after <= $2 LIMIT 100 FOR UPDATE SKIP LOCKED)`,
    networkId,
    now,
  )
}

function keyOf(row: Row): bigint {
  const key = addressOf(row, "address")
  if (key === undefined) throw damaged("address")
  return key
}

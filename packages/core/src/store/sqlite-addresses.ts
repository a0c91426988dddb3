import { allocateAddress } from "../allocate/address-allocator.ts"
import type { AddressQuestion } from "../allocate/address-allocator.ts"
import { requestedOrder } from "../allocate/address-policy.ts"
import { eui64NotFree, noAddressLeft, poolOrder, requestedNotFree } from "../allocate/address-pool.ts"
import type { AddressHolder, AddressPool, AddressTaker } from "../allocate/address-pool.ts"
import { firstGap, isInSpace } from "../allocate/address-space.ts"
import type { Interval } from "../allocate/address-space.ts"
import type { Slash64Error } from "../errors.ts"
import type { Nic } from "../network/records.ts"
import { addressBlob, addressOf, damaged, numberOf, textOf } from "./row.ts"
import type { Row, SqliteConnection } from "./sqlite-connection.ts"
import type { AddressCounts } from "./store.ts"

/** `rested`: an address rests that the NIC had, here or on another network. `now` is unix seconds. */
export type Taker = AddressTaker & {
  readonly nicNumber: number
  readonly networkNumber: number
  readonly rested: boolean
  readonly now: number
}

/** Whether a row is of a network, by the number that stands for its id in the key. */
export const ofNetwork = "network = (SELECT number FROM networks WHERE id = ?)"

/** Gives the NIC an address, as a key; throws what the allocator says where there is none. Within a transaction. */
export function takeAddress(db: SqliteConnection, pool: AddressPool, taker: Taker, requested?: bigint): bigint {
  const own = requested === undefined && taker.rested ? restingOf(db, pool, taker.nicId) : []
  const steps = allocateAddress(requested === undefined ? poolOrder(pool, taker, own) : requestedOrder(requested))
  let step = steps.next()
  while (step.done !== true) step = steps.next(answer(db, pool, taker, step.value))
  const address = step.value
  if (address === undefined) throw notGiven(db, pool, taker, requested)
  const walked = requested === undefined && !own.includes(address)
  if (walked && pool.choice.policy === "sequential") moveCursor(db, pool, address + 1n)
  return pool.base + address
}

/** Lets the addresses of a NIC go; they rest until `freeAfter`, or not at all when it is not after `now`. */
export function releaseAddresses(
  db: SqliteConnection,
  { id, networkId }: Nic,
  keys: readonly Uint8Array[],
  freeAfter: number,
  now: number,
): void {
  db.run("DELETE FROM addresses WHERE free_after <= ?", now)
  for (const key of keys) {
    if (freeAfter <= now) db.run(`DELETE FROM addresses WHERE ${ofNetwork} AND address = ?`, networkId, key)
    else
      db.run(
        `UPDATE addresses SET nic = NULL, free_after = ?, last_nic_id = ? WHERE ${ofNetwork} AND address = ?`,
        freeAfter,
        id,
        networkId,
        key,
      )
  }
}

export function countAddresses(db: SqliteConnection, pool: AddressPool, now: number): AddressCounts {
  const { capacity, intervals } = pool.space
  const { held, resting } = countWithin(db, pool, intervals, now)
  const heldExcluded = countWithin(db, pool, pool.excluded(), now).held
  return { capacity, held, resting, free: capacity - held - resting, heldExcluded }
}

function countWithin(
  db: SqliteConnection,
  pool: AddressPool,
  intervals: readonly Interval[],
  now: number,
): { readonly held: bigint; readonly resting: bigint } {
  let [held, resting] = [0n, 0n]
  for (const { first, last } of intervals) {
    const row = db.get(
      `SELECT count(*) FILTER (WHERE free_after IS NULL) AS held, count(*) FILTER (WHERE free_after > ?) AS resting
       FROM addresses WHERE ${ofNetwork} AND address BETWEEN ? AND ?`,
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
function restingOf(db: SqliteConnection, pool: AddressPool, nicId: string): bigint[] {
  return db
    .all(`SELECT address FROM addresses WHERE last_nic_id = ? AND ${ofNetwork}`, nicId, pool.networkId)
    .map((row) => keyOf(row) - pool.base)
}

function keyOf(row: Row): bigint {
  const key = addressOf(row, "address")
  if (key === undefined) throw damaged("address")
  return key
}

function answer(db: SqliteConnection, pool: AddressPool, taker: Taker, question: AddressQuestion): bigint | undefined {
  switch (question.ask) {
    case "take":
      return take(db, pool, taker, question.address) ? question.address : undefined
    case "gap":
      return firstGap(pool.space, question.from, heldFrom(db, pool, taker.now, question.from))
  }
}

/** An address at rest is free for the NIC that had it last. */
function take(db: SqliteConnection, pool: AddressPool, taker: Taker, address: bigint): boolean {
  return (
    db.run(
      `INSERT INTO addresses (network, address, nic) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET nic = excluded.nic, free_after = NULL, last_nic_id = NULL
       WHERE free_after <= ? OR last_nic_id = ?`,
      taker.networkNumber,
      addressBlob(pool.base + address),
      taker.nicNumber,
      taker.now,
      taker.nicId,
    ) === 1
  )
}

function* heldFrom(db: SqliteConnection, pool: AddressPool, now: number, from: bigint): Generator<bigint> {
  const rows = db.iterate(
    `SELECT address FROM addresses WHERE ${ofNetwork} AND address >= ? AND (free_after IS NULL OR free_after > ?)
     ORDER BY address`,
    pool.networkId,
    addressBlob(pool.base + from),
    now,
  )
  for (const row of rows) yield keyOf(row) - pool.base
}

function moveCursor(db: SqliteConnection, pool: AddressPool, next: bigint): void {
  const column = pool.family === "ipv6" ? "cursor6" : "cursor4"
  db.run(`UPDATE networks SET ${column} = ? WHERE id = ?`, addressBlob(next), pool.networkId)
}

function notGiven(db: SqliteConnection, pool: AddressPool, taker: Taker, requested: bigint | undefined): Slash64Error {
  if (requested !== undefined) return requestedNotFree(pool, requested, needHolder(db, pool, requested))
  const counts = countAddresses(db, pool, taker.now)
  if (pool.choice.policy !== "eui64" || counts.free === 0n) return noAddressLeft(pool, counts)
  const wanted = pool.choice.addressOf(taker.mac)
  const holder = isInSpace(pool.space, wanted) ? needHolder(db, pool, wanted) : undefined
  return eui64NotFree(pool, { mac: taker.mac, wanted }, holder)
}

function needHolder(db: SqliteConnection, pool: AddressPool, address: bigint): AddressHolder {
  const row = db.get(
    `SELECT coalesce(id, last_nic_id) AS nic_id, free_after FROM addresses LEFT JOIN nics ON number = nic
     WHERE ${ofNetwork} AND address = ?`,
    pool.networkId,
    addressBlob(pool.base + address),
  )
  if (row === undefined) throw damaged("holder of an address")
  const nicId = textOf(row, "nic_id")
  return row["free_after"] === null ? { nicId } : { nicId, freeAfter: numberOf(row, "free_after") }
}

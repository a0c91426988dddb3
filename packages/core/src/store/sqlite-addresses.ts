import type { KeyObject } from "node:crypto"
import { allocateAddress } from "../allocate/address-allocator.ts"
import type { AddressQuestion } from "../allocate/address-allocator.ts"
import { requestedOrder, sequentialOrder, stableOrder } from "../allocate/address-policy.ts"
import type { AddressOrder } from "../allocate/address-policy.ts"
import { firstGap, isInSpace } from "../allocate/address-space.ts"
import type { AddressSpace } from "../allocate/address-space.ts"
import { Slash64Error, quote } from "../errors.ts"
import type { AddressPolicy } from "../network/records.ts"
import { addressBlob, addressOf, damaged, numberOf } from "./row.ts"
import type { Row, SqliteConnection } from "./sqlite-connection.ts"
import type { AddressCounts } from "./store.ts"

/** One family of one network, as the allocator sees it. */
export interface AddressPool {
  readonly networkId: string
  readonly family: "ipv6" | "ipv4"
  readonly space: AddressSpace
  /** Added to an address to make its 128-bit key: 0, or ::ffff:0:0 for IPv4. */
  readonly base: bigint
  readonly policy: AddressPolicy
  /** Where `sequential` goes on. */
  readonly cursor: bigint
  readonly format: (address: bigint) => string
}

export interface AddressTaker {
  readonly nicId: string
  readonly secret: KeyObject
  /** Unix seconds. */
  readonly now: number
}

/** Gives the NIC an address, as a key; throws ALREADY_EXISTS (requested) or RESOURCE_EXHAUSTED. Within a transaction. */
export function takeAddress(db: SqliteConnection, pool: AddressPool, taker: AddressTaker, requested?: bigint): bigint {
  const own = requested === undefined ? restingOf(db, pool, taker.nicId) : []
  const steps = allocateAddress(requested === undefined ? orderOf(pool, taker, own) : requestedOrder(requested))
  let step = steps.next()
  while (step.done !== true) step = steps.next(answer(db, pool, taker, step.value))
  const address = step.value
  if (address === undefined)
    throw requested === undefined ? exhausted(db, pool, taker.now) : notFree(db, pool, requested)
  const walked = requested === undefined && !own.includes(address)
  if (walked && pool.policy === "sequential") moveCursor(db, pool, address + 1n)
  return pool.base + address
}

/** Lets the addresses of a NIC go; they rest until `freeAfter`, or not at all when it is not after `now`. */
export function releaseAddresses(
  db: SqliteConnection,
  networkId: string,
  keys: readonly Uint8Array[],
  freeAfter: number,
  now: number,
): void {
  db.run("DELETE FROM addresses WHERE free_after <= ?", now)
  for (const key of keys) {
    if (freeAfter <= now) db.run("DELETE FROM addresses WHERE network_id = ? AND address = ?", networkId, key)
    else db.run("UPDATE addresses SET free_after = ? WHERE network_id = ? AND address = ?", freeAfter, networkId, key)
  }
}

export function countAddresses(db: SqliteConnection, pool: AddressPool, now: number): AddressCounts {
  const [held, resting] = pool.space.intervals
    .map(({ first, last }) =>
      db.get(
        `SELECT count(*) FILTER (WHERE free_after IS NULL) AS held, count(*) FILTER (WHERE free_after > ?) AS resting
         FROM addresses WHERE network_id = ? AND address BETWEEN ? AND ?`,
        now,
        pool.networkId,
        addressBlob(pool.base + first),
        addressBlob(pool.base + last),
      ),
    )
    .reduce(
      ([h, r], row) => [h + BigInt(numberOf(row ?? {}, "held")), r + BigInt(numberOf(row ?? {}, "resting"))],
      [0n, 0n],
    )
  return { capacity: pool.space.capacity, held, resting, free: pool.space.capacity - held - resting }
}

/** What the NIC had before comes first, whatever the policy. */
function orderOf(pool: AddressPool, taker: AddressTaker, own: readonly bigint[]): AddressOrder {
  const order = policyOrder(pool, taker)
  return own.length === 0 ? order : { ...order, proposals: [...own, ...order.proposals] }
}

function policyOrder(pool: AddressPool, { secret, nicId }: AddressTaker): AddressOrder {
  switch (pool.policy) {
    case "sequential":
      return sequentialOrder(pool.cursor)
    case "stable":
      return stableOrder(pool.space, { secret, networkId: pool.networkId, nicId, family: pool.family })
  }
}

/** What the NIC had before and nobody else has had since. */
function restingOf(db: SqliteConnection, pool: AddressPool, nicId: string): bigint[] {
  return db
    .all(
      "SELECT address FROM addresses WHERE nic_id = ? AND network_id = ? AND free_after IS NOT NULL",
      nicId,
      pool.networkId,
    )
    .map((row) => keyOf(row) - pool.base)
    .filter((address) => isInSpace(pool.space, address))
}

function keyOf(row: Row): bigint {
  const key = addressOf(row, "address")
  if (key === undefined) throw damaged("address")
  return key
}

function answer(
  db: SqliteConnection,
  pool: AddressPool,
  taker: AddressTaker,
  question: AddressQuestion,
): bigint | undefined {
  switch (question.ask) {
    case "take":
      return take(db, pool, taker, question.address) ? question.address : undefined
    case "gap":
      return firstGap(pool.space, question.from, heldFrom(db, pool, taker.now, question.from))
  }
}

/** An address at rest is free for the NIC that had it last. */
function take(db: SqliteConnection, pool: AddressPool, taker: AddressTaker, address: bigint): boolean {
  return (
    db.run(
      `INSERT INTO addresses (network_id, address, nic_id) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET nic_id = excluded.nic_id, free_after = NULL
       WHERE free_after <= ? OR (free_after IS NOT NULL AND nic_id = excluded.nic_id)`,
      pool.networkId,
      addressBlob(pool.base + address),
      taker.nicId,
      taker.now,
    ) === 1
  )
}

function* heldFrom(db: SqliteConnection, pool: AddressPool, now: number, from: bigint): Generator<bigint> {
  const rows = db.iterate(
    `SELECT address FROM addresses WHERE network_id = ? AND address >= ? AND (free_after IS NULL OR free_after > ?)
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

function exhausted(db: SqliteConnection, pool: AddressPool, now: number): Slash64Error {
  const { capacity, held, resting } = countAddresses(db, pool, now)
  return new Slash64Error(
    "RESOURCE_EXHAUSTED",
    `network ${pool.networkId}: no ${pool.family} address is left: ${capacity} in all, ${held} held, ${resting} at rest`,
    {
      field: pool.family,
      value: quote(pool.networkId),
      hint: resting > 0n ? "wait until a released address has rested, or detach a NIC" : "detach a NIC",
      native: { capacity: String(capacity), held: String(held), resting: String(resting) },
    },
  )
}

function notFree(db: SqliteConnection, pool: AddressPool, requested: bigint): Slash64Error {
  const field = pool.family === "ipv6" ? "requestedIpv6" : "requestedIpv4"
  const value = quote(pool.format(requested))
  const holder = db.get(
    "SELECT nic_id, free_after FROM addresses WHERE network_id = ? AND address = ?",
    pool.networkId,
    addressBlob(pool.base + requested),
  )
  return holderError(field, value, holder)
}

function holderError(field: string, value: string, holder: Row | undefined): Slash64Error {
  const nic = String(holder?.["nic_id"])
  const until = holder?.["free_after"]
  if (typeof until !== "number")
    return new Slash64Error("ALREADY_EXISTS", `${field} ${value}: NIC ${nic} has it`, {
      field,
      value,
      hint: "ask for another, or for none",
    })
  const time = new Date(until * 1000).toISOString()
  return new Slash64Error("FAILED_PRECONDITION", `${field} ${value}: NIC ${nic} had it, and it rests until ${time}`, {
    field,
    value,
    hint: "ask for another, or again after that time",
  })
}

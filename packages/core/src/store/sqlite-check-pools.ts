import type { DatabaseSync } from "node:sqlite"
import { ipv6PrefixBounds } from "../address/ipv6-prefix.ts"
import { poolSlots, slotIn } from "../allocate/prefix-pool.ts"
import type { PrefixPool, SharedNetwork } from "../network/records.ts"
import type { FindingList } from "./finding-list.ts"
import { readNetworkRow, readPoolRow, readPrefixRow } from "./record-codec.ts"
import { addressBlob, damaged, numberOf } from "./row.ts"
import type { Row } from "./sqlite-connection.ts"

const rebuilt = "export and import the store"

/** Reads every pool and what is held of it, and holds them against each other and the networks; yields after each row. */
export function* checkPools(database: DatabaseSync, list: FindingList): Generator<void> {
  for (const row of database.prepare("SELECT * FROM pools").iterate()) {
    const pool = list.attempt(`pool ${String(row["id"])}`, () => checkPool(row))
    if (pool !== undefined) yield* checkSlots(database, pool, list)
  }
  const ofPools = `SELECT networks.body FROM networks JOIN pools ON prefix6 BETWEEN first6 AND last6
    UNION SELECT body FROM networks WHERE json_valid(body) AND json_extract(body, '$.ipv6.pool') IS NOT NULL`
  for (const row of database.prepare(ofPools).iterate()) {
    list.attempt("network", () => checkNetwork(database, readNetworkRow(row), list))
    yield
  }
}

function checkPool(row: Row): PrefixPool {
  const pool = readPoolRow(row)
  const { first, last } = ipv6PrefixBounds(pool.prefix)
  if (row["id"] !== pool.id || row["name"] !== pool.name)
    throw damaged("name of a pool, which differs from the record,")
  if (!isBlob(row["first6"], addressBlob(first)) || !isBlob(row["last6"], addressBlob(last)))
    throw damaged("end of a pool, which differs from the record,")
  if (numberOf(row, "cursor") < 0) throw damaged("cursor of a pool")
  return pool
}

/** What is held or rests, and the free runs, fill a pool without a gap and without overlap. */
function* checkSlots(database: DatabaseSync, pool: PrefixPool, list: FindingList): Generator<void> {
  const subject = `pool ${pool.name}`
  const slots = poolSlots(pool.prefix)
  let next = Number(slots.first)
  let whole = true
  const network = database.prepare("SELECT 1 FROM networks WHERE id = ?")
  const all = `SELECT first, last, NULL AS slot, NULL AS holder_kind, NULL AS holder_id, NULL AS free_after
    FROM pool_runs WHERE pool_id = ?1
    UNION ALL SELECT slot, slot, slot, holder_kind, holder_id, free_after FROM pool_prefixes WHERE pool_id = ?1 ORDER BY 1`
  for (const row of database.prepare(all).iterate(pool.id)) {
    list.attempt(subject, () => {
      const holder = row["slot"] === null ? undefined : readPrefixRow(pool, row)
      const lost = holder?.holder.kind === "network" && network.get(holder.holder.id) === undefined
      if (lost && row["free_after"] === null)
        list.error(
          subject,
          `${holder.prefix} is held by network ${holder.holder.id}, which is not there`,
          "put back a backup",
        )
      whole &&= row["first"] === next && numberOf(row, "last") >= next
      next = numberOf(row, "last") + 1
    })
    yield
  }
  if (!whole || next !== Number(slots.last) + 1)
    list.error(subject, "what is free is not what nobody has: a /64 is lost, or would be given twice", rebuilt)
}

function checkNetwork(database: DatabaseSync, { id, name, ipv6 }: SharedNetwork, list: FindingList): void {
  if (ipv6 === undefined) return
  const row = database
    .prepare(
      `SELECT pools.body, slot FROM pool_prefixes JOIN pools ON pools.id = pool_id
       WHERE pool_id = ? AND holder_kind = 'network' AND holder_id = ? AND free_after IS NULL`,
    )
    .get(ipv6.pool ?? "", id)
  const held = row && slotIn(readPoolRow(row).prefix, ipv6.prefix) === BigInt(numberOf(row, "slot"))
  if (held !== true)
    list.error(`network ${name}`, `its pool does not hold ${ipv6.prefix} for it, and would give it to another`, rebuilt)
}

function isBlob(column: unknown, value: Uint8Array): boolean {
  return column instanceof Uint8Array && Buffer.compare(column, value) === 0
}

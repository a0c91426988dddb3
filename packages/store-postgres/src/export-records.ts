import type { StoreRecord } from "@slash64/core"
import {
  networkRecord,
  poolRecord,
  prefixRecord,
  readHostRow,
  readNicRow,
  readRouterRow,
  readTemplateRow,
  restingRecord,
  textOf,
} from "@slash64/core/store-rules"
import type { Row } from "@slash64/core/store-rules"
import { nicColumns } from "./nic-columns.ts"
import { listHostsOfNetwork } from "./network-hosts.ts"
import type { PostgresConnection, Sql, Value } from "./postgres-connection.ts"
import { currentRevision, readNetwork } from "./snapshot.ts"

/** So many rows are in memory at a time. */
const pageRows = 1000

/** As the store is at one moment. A network's revision is brought up to date before, as a reader of it does. */
export async function* exportRecords(db: PostgresConnection): AsyncGenerator<StoreRecord> {
  const networks = await db.query((sql) => sql.all("SELECT id FROM networks ORDER BY id"))
  for (const row of networks) await db.query((sql) => readNetwork(sql, textOf(row, "id")))
  const held = await db.hold("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
  try {
    yield* recordsOf(held.sql)
    await held.commit()
  } catch (error) {
    throw held.translate(error)
  } finally {
    await held.release()
  }
}

async function* recordsOf(sql: Sql): AsyncGenerator<StoreRecord> {
  for await (const row of pages(sql, "SELECT name, body FROM hosts", ["name"]))
    yield { record: "host", host: readHostRow(row) }
  for await (const row of pages(sql, "SELECT digest, body FROM templates", ["digest"]))
    yield { record: "template", template: readTemplateRow(row) }
  for await (const row of pages(sql, "SELECT id, body, next_slot AS cursor FROM pools", ["id"])) yield poolRecord(row)
  for await (const row of pages(sql, "SELECT id, body, cursor6, cursor4 FROM networks", ["id"])) {
    const id = textOf(row, "id")
    yield networkRecord({ ...row, revision: await currentRevision(sql, id) }, await listHostsOfNetwork(sql, id))
  }
  const prefixes = `SELECT pool_id, slot, holder_kind, holder_id, free_after, body FROM pool_prefixes
    JOIN pools ON pools.id = pool_id`
  for await (const row of pages(sql, prefixes, ["pool_id", "slot"])) yield prefixRecord(row)
  for await (const row of pages(sql, "SELECT id, body FROM routers", ["id"]))
    yield { record: "router", router: readRouterRow(row) }
  for await (const row of pages(sql, `SELECT ${nicColumns} FROM nics`, ["network_id", "id"]))
    yield { record: "nic", nic: readNicRow(row) }
  const resting = "SELECT network_id, address, nic_id, free_after FROM addresses WHERE free_after IS NOT NULL"
  for await (const row of pages(sql, resting, ["network_id", "address"])) yield restingRecord(row)
}

/** In the order of `keys`, by which a row is known. */
async function* pages(sql: Sql, select: string, keys: readonly string[]): AsyncGenerator<Row> {
  const [columns, order] = [`(${keys.join(", ")})`, `ORDER BY ${keys.join(", ")} LIMIT ${pageRows}`]
  const places = `(${keys.map((_, index) => `$${index + 1}`).join(", ")})`
  let rows = await sql.all(`${select} ${order}`)
  for (;;) {
    yield* rows
    const last = rows.at(-1)
    if (last === undefined || rows.length < pageRows) return
    const after = `${select} ${select.includes(" WHERE ") ? "AND" : "WHERE"} ${columns} > ${places} ${order}`
    rows = await sql.all(after, ...keys.map((key) => keyOf(last, key)))
  }
}

function keyOf(row: Row, key: string): Value {
  const value = row[key]
  return value instanceof Uint8Array || typeof value === "number" ? value : textOf(row, key)
}

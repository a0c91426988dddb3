import { DatabaseSync } from "node:sqlite"
import { setImmediate as nextTurn } from "node:timers/promises"
import { readHostRow, readRouterRow, readTemplateRow } from "./record-codec.ts"
import { networkRecord, poolRecord, prefixRecord, restingRecord } from "./row-records.ts"
import { textOf } from "./row.ts"
import type { Row, SqliteConnection } from "./sqlite-connection.ts"
import { readNic } from "./sqlite-nic-rows.ts"
import { translateSqliteError } from "./sqlite-errors.ts"
import type { StoreRecord } from "./store-record.ts"

type Iterate = (sql: string) => Iterable<Row>

/** So many rows are read before other work of this process gets its turn. */
const turnRows = 1000

/** As the store is at one moment, while others write; a database in memory is copied first. */
export async function* exportRecords(db: SqliteConnection, file: string): AsyncGenerator<StoreRecord> {
  if (file === ":memory:") {
    yield* await db.read(() => [...recordsOf((sql) => db.iterate(sql))])
    return
  }
  const own = new DatabaseSync(file, { readOnly: true, timeout: 5000 })
  try {
    own.exec("BEGIN")
    let rows = 0
    for (const record of recordsOf((sql) => own.prepare(sql).iterate())) {
      yield record
      rows += 1
      if (rows % turnRows === 0) await nextTurn()
    }
  } catch (error) {
    throw translateSqliteError(error, file)
  } finally {
    own.close()
  }
}

function* recordsOf(iterate: Iterate): Generator<StoreRecord> {
  for (const row of iterate("SELECT body FROM hosts ORDER BY name")) yield { record: "host", host: readHostRow(row) }
  for (const row of iterate("SELECT body FROM templates ORDER BY digest"))
    yield { record: "template", template: readTemplateRow(row) }
  for (const row of iterate("SELECT body, cursor FROM pools ORDER BY id")) yield poolRecord(row)
  const hostsOf = readHostsOf(iterate)
  for (const row of iterate("SELECT id, body, revision, cursor6, cursor4 FROM networks ORDER BY id"))
    yield networkRecord(row, hostsOf.get(textOf(row, "id")) ?? [])
  const prefixes = `SELECT body, slot, holder_kind, holder_id, free_after FROM pool_prefixes
    JOIN pools ON pools.id = pool_id ORDER BY pool_id, slot`
  for (const row of iterate(prefixes)) yield prefixRecord(row)
  for (const row of iterate("SELECT body FROM routers ORDER BY id"))
    yield { record: "router", router: readRouterRow(row) }
  for (const row of iterate("SELECT * FROM nics ORDER BY network_id, id")) yield { record: "nic", nic: readNic(row) }
  const resting = `SELECT networks.id AS network_id, address, last_nic_id AS nic_id, free_after FROM addresses
    JOIN networks ON networks.number = network WHERE free_after IS NOT NULL ORDER BY networks.id, address`
  for (const row of iterate(resting)) yield restingRecord(row)
}

/** By network, the hosts that it may be on. */
function readHostsOf(iterate: Iterate): ReadonlyMap<string, readonly string[]> {
  const hosts = new Map<string, string[]>()
  for (const row of iterate("SELECT network_id, host FROM network_hosts ORDER BY network_id, host")) {
    const networkId = textOf(row, "network_id")
    hosts.set(networkId, [...(hosts.get(networkId) ?? []), textOf(row, "host")])
  }
  return hosts
}

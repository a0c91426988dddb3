import { DatabaseSync } from "node:sqlite"
import { setImmediate as nextTurn } from "node:timers/promises"
import { readHostRow, readNicRow, readRouterRow, readTemplateRow } from "./record-codec.ts"
import type { Row } from "./row.ts"
import { networkRecord, restingRecord } from "./row-records.ts"
import type { SqliteConnection } from "./sqlite-connection.ts"
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
  for (const row of iterate("SELECT body, revision, cursor6, cursor4 FROM networks ORDER BY id"))
    yield networkRecord(row)
  for (const row of iterate("SELECT body FROM routers ORDER BY id"))
    yield { record: "router", router: readRouterRow(row) }
  for (const row of iterate("SELECT * FROM nics ORDER BY network_id, id")) yield { record: "nic", nic: readNicRow(row) }
  const resting = "SELECT * FROM addresses WHERE free_after IS NOT NULL ORDER BY network_id, address"
  for (const row of iterate(resting)) yield restingRecord(row)
}

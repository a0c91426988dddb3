import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"

/** Rows of a NIC and its address put into SQLite by nothing but INSERT, as durable as a claim: the limit of a store. */
export interface RawRows {
  /** In one transaction. */
  insert(count: number): void
  /** How many there should be. */
  readonly inserted: number
  count(): number
  close(): void
}

const tables = {
  /** Nothing looks whether a row is there already. */
  bare: "CREATE TABLE rows (nic_id TEXT NOT NULL, vm_id BLOB NOT NULL, mac BLOB NOT NULL, address BLOB NOT NULL) STRICT",
  /** With the indexes by which a store decides: NIC, VM, MAC and address. */
  indexed: `CREATE TABLE rows (
    nic_id TEXT NOT NULL UNIQUE, vm_id BLOB NOT NULL UNIQUE, mac BLOB NOT NULL UNIQUE, address BLOB NOT NULL UNIQUE
  ) STRICT`,
}

export function openRawRows(directory: string, kind: keyof typeof tables): RawRows {
  const database = new DatabaseSync(join(directory, `${kind}.db`))
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; ${tables[kind]}`)
  const [begin, commit] = [database.prepare("BEGIN IMMEDIATE"), database.prepare("COMMIT")]
  const insert = database.prepare("INSERT INTO rows VALUES (?, ?, ?, ?)")
  let inserted = 0
  return {
    insert(count) {
      begin.run()
      for (let row = 0; row < count; row++) insert.run(crypto.randomUUID(), random(16), random(6), random(16))
      commit.run()
      inserted += count
    },
    get inserted() {
      return inserted
    },
    count: () => Number(database.prepare("SELECT count(*) AS n FROM rows").get()?.["n"]),
    close: () => database.close(),
  }
}

function random(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length))
}

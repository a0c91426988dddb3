import { statSync } from "node:fs"
import type { DatabaseSync } from "node:sqlite"
import { setImmediate as nextTurn } from "node:timers/promises"
import { checkAborted } from "../plugin/call.ts"
import type { Call } from "../plugin/call.ts"
import { FindingList } from "./finding-list.ts"
import { migrations } from "./migrations.ts"
import { checkRules } from "./sqlite-check-rules.ts"
import { checkRows } from "./sqlite-check-rows.ts"
import { withReadOnly } from "./sqlite-file.ts"
import { readSchemaVersion } from "./sqlite-schema.ts"
import { readSecretFile } from "./secret-file.ts"
import { secretFingerprint } from "./secret-fingerprint.ts"
import type { StoreCheck } from "./store-database.ts"

const tables = ["networks", "nics", "addresses", "routers", "hosts", "templates", "pools", "pool_prefixes"] as const

/** All of it as it is at one moment, while others may write. */
export function checkSqliteFile(file: string, secretFile: string, call: Call): Promise<StoreCheck> {
  return withReadOnly(file, async (database) => {
    const schema = readSchemaVersion(database, file)
    const list = new FindingList()
    database.exec("BEGIN")
    call.report({ step: "checking the file" })
    await nextTurn()
    checkFile(database, list)
    const counts = schema === migrations.length ? await checkRecords(database, secretFile, list, call) : {}
    if (schema < migrations.length)
      list.note(
        "schema",
        `it is at step ${schema} of ${migrations.length}, and its records are checked at the last one only`,
        "slash64 db migrate",
      )
    const { findings, more } = list
    const sizeBytes = statSync(file).size
    return { schema, newestSchema: migrations.length, sizeBytes, counts, findings, moreFindings: more }
  })
}

function checkFile(database: DatabaseSync, list: FindingList): void {
  list.attempt("file", () => {
    for (const { integrity_check } of database.prepare("PRAGMA integrity_check").iterate())
      if (integrity_check !== "ok") list.error("file", String(integrity_check))
    for (const { table, parent } of database.prepare("PRAGMA foreign_key_check").iterate())
      list.error(`table ${String(table)}`, `a row stands on one of table ${String(parent)} that is not there`)
  })
}

async function checkRecords(
  database: DatabaseSync,
  secretFile: string,
  list: FindingList,
  call: Call,
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const table of tables)
    list.attempt(`table ${table}`, () => {
      counts[table] = Number(database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.["n"])
    })
  list.attempt("secret", () => checkSecret(database, secretFile, list))
  let rows = 0
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0)
  for (const _ of checkRows(database, list)) {
    rows += 1
    if (rows % 2000 !== 0) continue
    call.report({ step: "checking the records", done: rows, total })
    await nextTurn()
    checkAborted(call.signal)
  }
  checkRules(database, list)
  return counts
}

function checkSecret(database: DatabaseSync, secretFile: string, list: FindingList): void {
  const known = database.prepare("SELECT value FROM settings WHERE name = 'secret'").get()?.["value"]
  const secret = readSecretFile(secretFile)
  if (secret === undefined)
    list.error("secret", `${secretFile} is not there`, "put back the secret: without it, NICs get other addresses")
  else if (known !== undefined && known !== secretFingerprint(secret))
    list.error("secret", `${secretFile} is not the secret of this store`, "put back the secret that belongs to it")
}

import { readFileSync, renameSync, rmSync, statSync } from "node:fs"
import { basename, join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { setImmediate as nextTurn } from "node:timers/promises"
import { Slash64Error } from "../errors.ts"
import { checkAborted } from "../plugin/call.ts"
import type { Call } from "../plugin/call.ts"
import { alreadyThere, makeNewFile, syncPath, syncWithName, writeNewFile } from "./durable-file.ts"
import { translateFileError } from "./file-errors.ts"
import { translateSqliteError } from "./sqlite-errors.ts"
import { withReadOnly } from "./sqlite-file.ts"
import { readSchemaVersion } from "./sqlite-schema.ts"
import { readSecretFile } from "./secret-file.ts"
import { secretFingerprint, otherSecret } from "./secret-fingerprint.ts"
import type { StoreBackup } from "./store-database.ts"

export interface BackupFiles {
  readonly file: string
  readonly secretFile: string
}

/**
 * The database lands under its name last, when it is whole and on disk, so a directory with a database in it is a
 * backup that was finished.
 */
export function backupSqliteFile(from: BackupFiles, directory: string, call: Call): Promise<StoreBackup> {
  return withReadOnly(from.file, async (database) => {
    const schema = readSchemaVersion(database, from.file)
    const to = { file: join(directory, basename(from.file)), secretFile: join(directory, basename(from.secretFile)) }
    if (statSync(to.file, { throwIfNoEntry: false }) !== undefined) throw alreadyThere("backup", to.file)
    copySecret(database, from, to.secretFile)
    call.report({ step: "copying the database" })
    await nextTurn()
    checkAborted(call.signal)
    copyDatabase(database, from.file, to.file)
    return { ...to, schema, sizeBytes: statSync(to.file).size }
  })
}

function copySecret(database: DatabaseSync, from: BackupFiles, to: string): void {
  const secret = readSecretFile(from.secretFile)
  if (secret === undefined)
    throw new Slash64Error("NOT_FOUND", `secret ${from.secretFile}: there is no such file`, {
      field: "secret",
      value: from.secretFile,
      hint: "put back the secret of this store: without it, a backup gives other addresses",
    })
  const known = readFingerprint(database)
  if (known !== undefined && known !== secretFingerprint(secret)) throw otherSecret(from.file, from.secretFile)
  writeNewFile("backup", to, readFileSync(from.secretFile))
}

/** Databases of schema 1 know of no secret. */
function readFingerprint(database: DatabaseSync): unknown {
  const table = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'settings'").get()
  return table && database.prepare("SELECT value FROM settings WHERE name = 'secret'").get()?.["value"]
}

/** VACUUM INTO reads at one moment and lets others write meanwhile. */
function copyDatabase(database: DatabaseSync, from: string, to: string): void {
  const draft = `${to}.partial`
  try {
    makeNewFile("backup", draft, () => {})
    database.prepare("VACUUM INTO ?").run(draft)
    syncPath(draft)
    checkCopy(draft)
    renameSync(draft, to)
    syncWithName(to)
  } catch (error) {
    rmSync(draft, { force: true })
    throw translateSqliteError(translateFileError(error, "backup", to), `${from}, copied to ${to}`)
  }
}

function checkCopy(draft: string): void {
  const copy = new DatabaseSync(draft, { readOnly: true })
  try {
    const found = copy.prepare("PRAGMA quick_check").get()?.["quick_check"]
    if (found !== "ok")
      throw new Slash64Error("DATA_LOSS", `backup ${draft}: ${String(found)}`, {
        field: "backup",
        value: draft,
        hint: "look at the disk, and make the backup elsewhere",
      })
  } finally {
    copy.close()
  }
}

import type { DatabaseSync } from "node:sqlite"
import { Slash64Error } from "../errors.ts"
import { applicationId, migrations } from "./migrations.ts"

/**
 * How many migrations the database has seen; 0 for one that is new. FAILED_PRECONDITION when another program or a
 * newer slash64 made it.
 */
export function readSchemaVersion(database: DatabaseSync, file: string): number {
  // Whether it is used comes first: another process may be making it ours between one look and the next.
  const used = database.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get() !== undefined
  const [version, mark] = [pragma(database, "user_version"), pragma(database, "application_id")]
  if (used && mark !== applicationId)
    throw refuse(file, "the database belongs to another program", "name another file with --db")
  if (version > migrations.length)
    throw refuse(
      file,
      `its schema ${version} is newer than ${migrations.length}, the newest that this slash64 knows`,
      "use the newer slash64 that wrote it, or put back a backup from before",
    )
  return version
}

/** Within a transaction that may write: another process may have done some of it since the version was read. */
export function migrateSchema(database: DatabaseSync): void {
  for (const step of migrations.slice(pragma(database, "user_version"))) database.exec(step)
  database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${migrations.length}`)
}

/** The error of a process that has the file open while another one changes the schema. */
export function schemaMoved(file: string, version: number): Slash64Error {
  return refuse(
    file,
    `its schema was brought to ${version} while this program of schema ${migrations.length} had it open`,
    "start this program again, as the same version as the one that did it",
  )
}

function pragma(database: DatabaseSync, name: "user_version" | "application_id"): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0)
}

function refuse(file: string, problem: string, hint: string): Slash64Error {
  return new Slash64Error("FAILED_PRECONDITION", `store ${file}: ${problem}`, { field: "store", value: file, hint })
}

import { DatabaseSync } from "node:sqlite"
import { Slash64Error } from "../errors.ts"
import { translateFileError } from "./file-errors.ts"
import { isBusy, translateSqliteError } from "./sqlite-errors.ts"

/**
 * Keeps the SQLite store `file` for this server alone until the function that it gives is called or the process ends,
 * however it ends: an empty database beside it is locked, by the kernel's own record locks (sqlite.org/lockingv3.html).
 * FAILED_PRECONDITION while another server has it; commands are not kept out.
 */
export function lockForServer(file: string): () => void {
  const lock = `${file}.serving`
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(lock, { timeout: 0 })
    database.exec("BEGIN EXCLUSIVE")
  } catch (error) {
    database?.close()
    if (!isBusy(error)) throw translateSqliteError(translateFileError(error, "store", lock), lock)
    throw new Slash64Error("FAILED_PRECONDITION", `store ${file}: another slash64 serves from it`, {
      field: "store",
      value: file,
      hint: "Stop that one first, or name another database with --db. Several servers share one in PostgreSQL.",
      cause: error,
    })
  }
  const held = database
  return () => {
    if (held.isOpen) held.close()
  }
}

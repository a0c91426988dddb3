import { Slash64Error } from "../errors.ts"
import type { ErrorCode } from "../errors.ts"

/** Primary result codes of SQLite (sqlite.org/rescode.html) that a user can do something about. */
const table: Readonly<Record<number, readonly [code: ErrorCode, problem: string, hint: string]>> = {
  5: ["UNAVAILABLE", "another program holds the lock", "try again; look for a slash64 that hangs"],
  6: ["UNAVAILABLE", "another program holds the lock", "try again; look for a slash64 that hangs"],
  8: [
    "PERMISSION_DENIED",
    "the file or its directory is read-only",
    "make both writable for this user, or name another file with --db",
  ],
  10: ["UNAVAILABLE", "the disk failed to read or write", "look at the kernel's log; repeat when the disk works again"],
  11: ["DATA_LOSS", "the file is corrupt", "put back a backup; keep the file for a look"],
  13: ["RESOURCE_EXHAUSTED", "the disk is full", "make room and repeat: nothing was changed"],
  14: ["PERMISSION_DENIED", "the file cannot be opened", "see that its directory exists and is writable for this user"],
  26: ["DATA_LOSS", "the file is no SQLite database", "name another file with --db, or put back a backup"],
}

/** Whether the same transaction may succeed in a moment. */
export function isBusy(error: unknown): boolean {
  return primaryCode(error) === 5 || primaryCode(error) === 6
}

/** An error of SQLite as one of ours; any other is given back as it is. */
export function translateSqliteError(error: unknown, file: string): unknown {
  const code = primaryCode(error)
  if (code === undefined) return error
  const [ours, problem, hint] = table[code] ?? ["INTERNAL", String(error), "this is a fault of slash64: report it"]
  const native = { errcode: code, message: String(error) }
  return new Slash64Error(ours, `store ${file}: ${problem}`, {
    field: "store",
    value: file,
    hint,
    native,
    cause: error,
  })
}

/** SQLite's code without its extension (`SQLITE_IOERR_WRITE` is `SQLITE_IOERR`). */
function primaryCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number") return undefined
  return error.errcode & 0xff
}

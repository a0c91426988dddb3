import { existsSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { Slash64Error } from "../errors.ts"
import { translateFileError } from "./file-errors.ts"
import { translateSqliteError } from "./sqlite-errors.ts"

/** Runs `run` on the file, which it may read alone, as it is: no schema is made or brought up to date. */
export async function withReadOnly<T>(file: string, run: (database: DatabaseSync) => Promise<T> | T): Promise<T> {
  needFile(file)
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(file, { readOnly: true, timeout: 5000 })
    return await run(database)
  } catch (error) {
    throw translateSqliteError(translateFileError(error, "store", file), file)
  } finally {
    database?.close()
  }
}

function needFile(file: string): void {
  if (existsSync(file)) return
  throw new Slash64Error("NOT_FOUND", `store ${file}: there is no such file`, {
    field: "store",
    value: file,
    hint: "name the database with --db",
  })
}

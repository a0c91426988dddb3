import { homedir } from "node:os"
import { dirname, isAbsolute, join, resolve } from "node:path"
import { isPostgresUrl, withoutPassword } from "@slash64/store-postgres"

/** Where a command keeps its state. */
export interface StatePaths {
  /** The database: hosts, templates, networks, NICs, routers. A file, or a PostgreSQL URL. Holds no secret. */
  readonly db: string
  /** The same for people to see: without the URL's password. */
  readonly shownDb: string
  /** Where all else lies: beside the file, or on this machine. */
  readonly folder: string
  /** The routers' keys. */
  readonly keys: string
  /** What stable addresses are made from. */
  readonly secret: string
}

/**
 * `--db`, or SLASH64_DB: a file or a PostgreSQL URL. Without either, slash64.db in `$XDG_STATE_HOME/slash64`, or in
 * `~/.local/state/slash64` (XDG Base Directory Specification 0.8: a relative value is ignored), where what belongs to a
 * PostgreSQL store lies too.
 */
export function statePaths(env: Readonly<Record<string, string | undefined>>, db: string | undefined): StatePaths {
  const given = db ?? (env["SLASH64_DB"] || undefined)
  const home = join(stateHome(env), "slash64")
  if (given !== undefined && isPostgresUrl(given)) return inFolder(home, given)
  const file = given === undefined ? join(home, "slash64.db") : resolve(given)
  return inFolder(dirname(file), file)
}

function inFolder(folder: string, db: string): StatePaths {
  return { db, shownDb: withoutPassword(db), folder, keys: join(folder, "keys"), secret: join(folder, "secret") }
}

function stateHome(env: Readonly<Record<string, string | undefined>>): string {
  const given = env["XDG_STATE_HOME"]
  if (given !== undefined && isAbsolute(given)) return given
  return join(env["HOME"] ?? homedir(), ".local", "state")
}

import { homedir } from "node:os"
import { dirname, isAbsolute, join, resolve } from "node:path"

/** Where a command keeps its state. */
export interface StatePaths {
  /** The database: hosts, templates, networks, NICs, routers. Holds no secret. */
  readonly db: string
  /** The routers' keys, beside the database. */
  readonly keys: string
  /** What stable addresses are made from, beside the database. */
  readonly secret: string
}

/**
 * `--db PATH`, or slash64.db in `$XDG_STATE_HOME/slash64`, or in `~/.local/state/slash64` (XDG Base Directory
 * Specification 0.8: a relative value is ignored).
 */
export function statePaths(env: Readonly<Record<string, string | undefined>>, db: string | undefined): StatePaths {
  const file = db === undefined ? join(stateHome(env), "slash64", "slash64.db") : resolve(db)
  const folder = dirname(file)
  return { db: file, keys: join(folder, "keys"), secret: join(folder, "secret") }
}

function stateHome(env: Readonly<Record<string, string | undefined>>): string {
  const given = env["XDG_STATE_HOME"]
  if (given !== undefined && isAbsolute(given)) return given
  return join(env["HOME"] ?? homedir(), ".local", "state")
}

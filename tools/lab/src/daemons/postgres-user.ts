import { readFile } from "node:fs/promises"

/** How a program is started so that it does not run as root. */
export interface ProgramUser {
  readonly command: string
  /** Before the program and its arguments. */
  readonly args: readonly string[]
  /** Whom its files must belong to; absent: whoever runs this. */
  readonly uid?: number
  readonly gid: number
}

/** As root: the user postgres, whom Debian's postgresql-common makes. Anybody else: as he is. */
export async function asPostgresUser(): Promise<ProgramUser> {
  const gid = process.getgid?.() ?? 0
  if (process.getuid?.() !== 0) return { command: "env", args: [], gid }
  const line = /^postgres:[^:]*:(\d+):(\d+):/m.exec(await readFile("/etc/passwd", "utf8"))
  if (line === null) throw new Error("there is no user postgres: install postgresql-15")
  const args = ["--reuid", "postgres", "--regid", "postgres", "--init-groups", "--"]
  return { command: "setpriv", args, uid: Number(line[1]), gid: Number(line[2]) }
}

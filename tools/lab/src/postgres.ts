import { execFile } from "node:child_process"
import { chown, mkdir, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { Slash64Error } from "@slash64/core"
import { asPostgresUser } from "./daemons/postgres-user.ts"

const run = promisify(execFile)

/** Debian's postgresql-15 puts its programs here, out of the PATH. */
const programs = "/usr/lib/postgresql/15/bin"

const owner = "owner"

/** A PostgreSQL 15 of its own, on a unix socket in a directory of its own, as durable as in production. */
export interface OwnPostgres {
  /** The socket's directory. */
  readonly host: string
  /** For a user's own empty schema, which is made unless it is there: quicker than a database. */
  openSchema(user: string): Promise<string>
  /** Runs SQL in a user's schema, and gives what psql printed, unaligned. */
  sql(user: string, text: string): Promise<string>
  /** `immediate`: as in a crash, every connection is cut. */
  stop(mode?: "fast" | "immediate"): Promise<void>
  start(): Promise<void>
  /** Ends it and removes all that it kept. */
  remove(): Promise<void>
}

/** Makes and starts one; as root, for PostgreSQL refuses root, it runs as the user postgres. */
export async function startPostgres(): Promise<OwnPostgres> {
  const host = await mkdtemp(join(tmpdir(), "slash64-postgres-"))
  const data = join(host, "data")
  const schemas = new Map<string, Promise<string>>()
  const runAs = await asPostgresUser()
  if (runAs.uid !== undefined) await chown(host, runAs.uid, runAs.gid)
  // Not what PGHOST and the like of this process mean.
  const env = { PATH: process.env["PATH"], LC_ALL: "C" }
  const program = (name: string, args: readonly string[]) =>
    run(runAs.command, [...runAs.args, join(programs, name), ...args], { cwd: host, env })
  const control = (...args: readonly string[]) => program("pg_ctl", ["--pgdata", data, "--wait", "--silent", ...args])
  const start = async () => {
    const options = `-k ${host} -c listen_addresses='' -c autovacuum_naptime=10s`
    await control("--log", join(host, "log"), "--options", options, "start")
  }
  const sql = async (user: string, text: string) => {
    const args = ["--host", host, "--username", user, "--dbname", "postgres", "--no-psqlrc", "--quiet"]
    const { stdout } = await program("psql", [...args, "--no-align", "--tuples-only", "--command", text])
    return stdout.trim()
  }
  try {
    await mkdir(data, { mode: 0o700 })
    if (runAs.uid !== undefined) await chown(data, runAs.uid, runAs.gid)
    const encoding = ["--encoding=UTF8", "--no-locale", "--auth=trust", `--username=${owner}`]
    await program("initdb", ["--pgdata", data, ...encoding])
    await start()
  } catch (cause) {
    await rm(host, { recursive: true, force: true })
    throw new Slash64Error("FAILED_PRECONDITION", `PostgreSQL did not start: ${String(cause)}`, {
      hint: "install postgresql-15",
      cause,
    })
  }
  return {
    host,
    async openSchema(user) {
      const make = `CREATE ROLE "${user}" LOGIN; CREATE SCHEMA AUTHORIZATION "${user}"`
      if (!schemas.has(user)) schemas.set(user, sql(owner, make))
      await schemas.get(user)
      return `postgres://${user}@/postgres?host=${host}`
    },
    sql,
    start,
    async stop(mode = "fast") {
      await control("--mode", mode, "stop")
    },
    async remove() {
      await control("--mode", "immediate", "stop").catch(() => undefined)
      await rm(host, { recursive: true, force: true })
    },
  }
}

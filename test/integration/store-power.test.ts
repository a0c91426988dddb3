/**
 * A process that is killed loses nothing that it wrote; a machine that loses its power loses what was not synced. So
 * the system calls of one claim are looked at: what it wrote is on disk before it is acknowledged.
 */
import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { newCall, openSecretFile, openSqliteStore, sqliteDatabase } from "@slash64/core"
import { afterEach, beforeEach, describe, expect, it } from "vitest"

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slash64-power-"))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

/** The calls on files as strace writes them, in the order in which they ended. */
function trace(...words: readonly string[]): string[] {
  const log = join(folder, "strace")
  const calls = "trace=write,writev,pwrite64,fsync,fdatasync,rename,renameat2,link,linkat"
  execFileSync("strace", ["-f", "-y", "-s", "40", "-o", log, "-e", calls, process.execPath, ...words])
  return readFileSync(log, "utf8").split("\n")
}

const writes = (path: string) => (line: string) => /\bp?write(64|v)?\(/.test(line) && line.includes(`<${path}>`)
const syncs = (path: string) => (line: string) =>
  /\bf(data)?sync\(/.test(line) && line.includes(`<${path}>`) && line.endsWith(" = 0")

describe("what a machine without power keeps", () => {
  it("holds a claim: the journal is on disk before the claim is acknowledged", () => {
    const file = join(folder, "slash64.db")
    const lines = trace(join(import.meta.dirname, "store-child.ts"), file, join(folder, "secret"), "nic-1")
    const acknowledged = lines.findIndex((line) => /\bwritev?\(1</.test(line) && line.includes("nic-1 2001:db8::"))
    expect(acknowledged).toBeGreaterThan(0)
    const before = lines.slice(0, acknowledged)
    const lastWrite = before.findLastIndex(writes(`${file}-wal`))
    const lastSync = before.findLastIndex(syncs(`${file}-wal`))
    expect(lastWrite).toBeGreaterThan(0)
    expect(lastSync).toBeGreaterThan(lastWrite)
  })

  it("holds the secret before any address is made from it", () => {
    const secret = join(folder, "secret")
    const lines = trace(join(import.meta.dirname, "store-child.ts"), join(folder, "slash64.db"), secret, "nic-1")
    const draft = lines.find((line) => line.includes(`<${secret}.`) && /\bwrite\(/.test(line))
    const path = /<([^>]+)>/.exec(draft ?? "")?.[1] ?? ""
    const synced = lines.findIndex(syncs(path))
    const named = lines.findIndex((line) => /\blink(at)?\(/.test(line) && line.includes(secret))
    expect(synced).toBeGreaterThan(0)
    expect(named).toBeGreaterThan(synced)
    const folderSynced = lines.findIndex(syncs(folder))
    expect(folderSynced).toBeGreaterThan(named)
    expect(lines.findIndex(writes(join(folder, "slash64.db-wal")))).toBeGreaterThan(folderSynced)
  })

  it("holds a backup before it bears its name", async () => {
    const [file, secretFile] = [join(folder, "slash64.db"), join(folder, "secret")]
    await (await openSqliteStore({ file, secret: openSecretFile(secretFile) })).close()
    expect(await sqliteDatabase({ file, secretFile }).check(newCall())).toMatchObject({ findings: [] })
    const program = join(import.meta.dirname, "../../packages/cli/src/main.ts")
    const lines = trace(program, "db", "backup", join(folder, "copy"), "--db", file)
    const synced = lines.findIndex(syncs(join(folder, "copy", "slash64.db.partial")))
    const named = lines.findIndex((line) => /\brename/.test(line) && line.includes("slash64.db.partial"))
    expect(synced).toBeGreaterThan(0)
    expect(named).toBeGreaterThan(synced)
    expect(lines.slice(named).some(syncs(join(folder, "copy")))).toBe(true)
  })
})

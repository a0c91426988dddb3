import { execFile } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { openSecretFile, openSqliteStore } from "@slash64/core"
import { afterEach, beforeEach, describe, expect, it } from "vitest"

const run = promisify(execFile)
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slash64-processes-"))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

describe("several processes on one SQLite store", () => {
  it("gives 20 processes that start at once on no file 20 addresses", async () => {
    const [file, secretFile] = [join(folder, "store.sqlite"), join(folder, "secret")]
    const child = join(import.meta.dirname, "store-child.ts")
    const ended = await Promise.all(
      Array.from({ length: 20 }, (_, number) => run(process.execPath, [child, file, secretFile, `nic-${number}`])),
    )
    expect(ended.map(({ stderr }) => stderr)).toEqual(ended.map(() => ""))
    const store = await openSqliteStore({ file, secret: openSecretFile(secretFile) })
    const held = await store.listNics()
    await store.close()
    expect(new Set(held.map(({ ipv6 }) => ipv6)).size).toBe(20)
    expect(held.map(({ id, ipv6 }) => `${id} ${ipv6}\n`).toSorted()).toEqual(
      ended.map(({ stdout }) => stdout).toSorted(),
    )
  })
})

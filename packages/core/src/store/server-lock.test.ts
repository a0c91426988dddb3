import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { lockForServer } from "./server-lock.ts"

describe("lockForServer", () => {
  let folder: string
  let file: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "slash64-lock-"))
    file = join(folder, "slash64.db")
  })

  afterEach(() => rmSync(folder, { recursive: true }))

  it("is for one, until that one gives it back", () => {
    const unlock = lockForServer(file)
    expect(() => lockForServer(file)).toThrow(
      expect.objectContaining({ code: "FAILED_PRECONDITION", field: "store", value: file }),
    )
    unlock()
    unlock()
    lockForServer(file)()
  })

  it("is nobody's when the process that has it is killed", async () => {
    const module = JSON.stringify(join(import.meta.dirname, "server-lock.ts"))
    const program = `import(${module}).then(({ lockForServer }) => { lockForServer(${JSON.stringify(file)}); console.log("locked"); setInterval(() => {}, 1000) })`
    const child = spawn(process.execPath, ["--eval", program], { stdio: ["ignore", "pipe", "inherit"] })
    await once(child.stdout, "data")
    expect(() => lockForServer(file)).toThrow("another slash64 serves from it")
    child.kill("SIGKILL")
    await once(child, "exit")
    lockForServer(file)()
  })

  it("says where it cannot be", () => {
    expect(() => lockForServer(join(folder, "none/slash64.db"))).toThrow(
      expect.objectContaining({ code: "PERMISSION_DENIED" }),
    )
  })
})

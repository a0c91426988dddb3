import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { openSecretFile } from "./secret-file.ts"

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slash64-secret-"))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

describe("openSecretFile", () => {
  it("makes 32 bytes that only the owner may read, and gives the same again", () => {
    const file = join(folder, "state", "secret")
    const secret = openSecretFile(file)
    expect(secret).toHaveLength(32)
    expect(new Set(secret).size).toBeGreaterThan(8)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readdirSync(join(folder, "state"))).toEqual(["secret"])
    expect(openSecretFile(file)).toEqual(secret)
    expect(openSecretFile(join(folder, "other"))).not.toEqual(secret)
  })

  it("refuses a file that others may read, or that holds something else, and leaves it as it is", () => {
    const file = join(folder, "secret")
    openSecretFile(file)
    chmodSync(file, 0o640)
    expect(() => openSecretFile(file)).toThrow(
      expect.objectContaining({ code: "FAILED_PRECONDITION", field: "secret" }),
    )
    writeFileSync(file, "short")
    chmodSync(file, 0o600)
    expect(() => openSecretFile(file)).toThrow(/64 hex digits/)
    expect(() => openSecretFile(file)).not.toThrow(/short/)
    expect(readFileSync(file, "utf8")).toBe("short")
  })
})

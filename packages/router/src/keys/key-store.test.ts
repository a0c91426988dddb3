import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import ssh2 from "ssh2"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { openKeyStore } from "./key-store.ts"

let directory = ""
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "slash64-keys-"))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

describe("openKeyStore", () => {
  it("makes a key once, for its owner alone", async () => {
    const keys = openKeyStore({ directory })
    const key = await keys.managementKey()
    expect(key.publicKey).toMatch(/^ssh-ed25519 [A-Za-z0-9+/=]+$/)
    expect(await openKeyStore({ directory }).managementKey()).toEqual(key)
    await keys.hostKey("router-1")
    expect(statSync(join(directory, "management_ed25519")).mode & 0o777).toBe(0o600)
    expect(statSync(join(directory, "routers")).mode & 0o777).toBe(0o700)
  })

  it("makes another key where ssh2 made one that cannot be read", async () => {
    const made = ssh2.utils.generateKeyPairSync("ed25519")
    const broken = made.private.replace(/^(-.*\n)..../, "$1AAAA")
    const generate = vi.spyOn(ssh2.utils, "generateKeyPairSync").mockReturnValueOnce({ ...made, private: broken })
    const key = await openKeyStore({ directory }).managementKey()
    expect(key.publicKey).toMatch(/^ssh-ed25519 /)
    expect(generate).toHaveBeenCalledTimes(2)
    generate.mockRestore()
  })

  it("gives two routers two keys", async () => {
    const keys = openKeyStore({ directory })
    expect(await keys.hostKey("router-1")).not.toEqual(await keys.hostKey("router-2"))
  })

  it("gives one key to many who make it at once, and leaves no draft", async () => {
    const stores = Array.from({ length: 20 }, () => openKeyStore({ directory }))
    const made = await Promise.all(stores.map((keys) => keys.managementKey()))
    expect(new Set(made.map(({ publicKey }) => publicKey)).size).toBe(1)
    expect(readdirSync(directory)).toEqual(["management_ed25519"])
  })

  it("takes a management key from a file", async () => {
    const { publicKey } = await openKeyStore({ directory }).managementKey()
    const managementKey = `file:${join(directory, "management_ed25519")}`
    const keys = openKeyStore({ directory: join(directory, "other"), managementKey })
    expect((await keys.managementKey()).publicKey).toBe(publicKey)
  })

  it("refuses a key that others may read, a file that is none, and one that is not there", async () => {
    const file = join(directory, "management_ed25519")
    await openKeyStore({ directory }).managementKey()
    chmodSync(file, 0o640)
    const given = openKeyStore({ directory, managementKey: `file:${file}` })
    await expect(given.managementKey()).rejects.toThrow(expect.objectContaining({ code: "PERMISSION_DENIED" }))
    chmodSync(file, 0o600)
    writeFileSync(file, "not a key\n")
    await expect(given.managementKey()).rejects.toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }))
    rmSync(file)
    await expect(given.managementKey()).rejects.toThrow(expect.objectContaining({ code: "NOT_FOUND" }))
  })

  it("never shows a key that was pasted in place of a reference", async () => {
    await openKeyStore({ directory }).managementKey()
    const managementKey = readFileSync(join(directory, "management_ed25519"), "utf8")
    let shown = ""
    try {
      openKeyStore({ directory, managementKey })
    } catch (error) {
      shown = JSON.stringify(error) + String(error)
    }
    expect(shown).toContain("is not a reference to a file")
    expect(shown).not.toContain(managementKey.split("\n")[1])
  })

  it.each(["../x", "a/b", "", "A"])("refuses the router id %j", async (routerId) => {
    await expect(openKeyStore({ directory }).hostKey(routerId)).rejects.toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", field: "routerId" }),
    )
  })
})

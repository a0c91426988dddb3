/** Disks that are really full or really read-only: small file systems of our own, so this needs root. */
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readdirSync, rmSync, rmdirSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { newCall, openSecretFile, openSqliteStore, planNetwork, planNic, sqliteDatabase } from "@slash64/core"
import type { Store } from "@slash64/core"
import { afterEach, beforeEach, describe, expect, it } from "vitest"

const network = planNetwork({
  name: "lab",
  attachment: { kind: "isolated" },
  ipv6: { prefix: "2001:db8::/64", gateway: "2001:db8::1" },
})
const claim = (number: number) => planNic({ id: `nic-${number}`, host: "h1", vmId: crypto.randomUUID() }, network)

let folder: string
let file: string
let secretFile: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slash64-disk-"))
  file = join(folder, "state", "slash64.db")
  secretFile = join(folder, "state", "secret")
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "slash64-test", folder])
  mkdirSync(join(folder, "state"), { mode: 0o700 })
})
afterEach(() => {
  execFileSync("umount", [folder])
  rmdirSync(folder)
})

const open = (): Promise<Store> => openSqliteStore({ file, secret: openSecretFile(secretFile), secretFile })
const full = (field: string) => ({ code: "RESOURCE_EXHAUSTED", field, hint: expect.stringMatching(/room/i) })
const readOnly = { code: "PERMISSION_DENIED", field: "store", hint: expect.stringMatching(/writable|write|--db/) }

function fillDisk(): void {
  for (const size of [1 << 16, 4096, 512, 1]) {
    for (let part = 0; ; part++) {
      try {
        writeFileSync(join(folder, `filler-${size}-${part}`), Buffer.alloc(size, 1))
      } catch {
        break
      }
    }
  }
}

function makeRoom(): void {
  for (const name of readdirSync(folder)) if (name.startsWith("filler-")) rmSync(join(folder, name))
}

/** Claims until some were refused: what was acknowledged, and the refusals. */
async function claimUntilFull(store: Store, atOnce: number): Promise<{ claimed: string[]; errors: unknown[] }> {
  const claimed: string[] = []
  const errors: unknown[] = []
  for (let number = 1; number < 20_000 && errors.length < 3; number += atOnce) {
    const calls = Array.from({ length: atOnce }, (_, index) => store.claimNic(claim(number + index)))
    for (const outcome of await Promise.allSettled(calls))
      if (outcome.status === "fulfilled") claimed.push(outcome.value.id)
      else errors.push(outcome.reason)
  }
  return { claimed, errors }
}

async function findings(): Promise<readonly unknown[]> {
  const check = await sqliteDatabase({ file, secretFile }).check(newCall())
  return check.findings.filter(({ severity }) => severity === "error")
}

describe("a store on a full disk", () => {
  it.for([1, 64])("claims nothing more, %i at once, and goes on when there is room again", async (atOnce) => {
    const store = await open()
    await store.createNetwork(network)
    const first = await store.claimNic(claim(0))
    fillDisk()
    const { claimed, errors } = await claimUntilFull(store, atOnce)
    expect(errors.length).toBeGreaterThanOrEqual(3)
    for (const error of errors) expect(error).toMatchObject({ ...full("store"), value: file })
    const held = (await store.listNics()).map(({ id }) => id)
    expect(held.toSorted()).toEqual(["nic-0", ...claimed].toSorted())
    expect((await store.countAddresses("lab")).ipv6?.held).toBe(BigInt(held.length))
    expect(await store.readNetwork("lab")).toMatchObject({ revision: 1 + held.length })
    makeRoom()
    expect(await store.claimNic(claim(99_999))).toMatchObject({ id: "nic-99999" })
    expect(await store.findNic("nic-0")).toEqual(first)
    await store.close()
    expect(await findings()).toEqual([])
  })

  it("lets go of NICs and reads while the disk is full, or says that it is", async () => {
    const store = await open()
    await store.createNetwork(network)
    for (let number = 0; number < 20; number++) await store.claimNic(claim(number))
    fillDisk()
    await claimUntilFull(store, 1)
    const before = await store.listNics()
    const [outcome] = await Promise.allSettled([store.markNic("nic-1", "leaving")])
    const [state, reasons] =
      outcome.status === "rejected" ? (["claimed", [outcome.reason]] as const) : (["leaving", []] as const)
    for (const reason of reasons) expect(reason).toMatchObject(full("store"))
    expect(await store.findNic("nic-1")).toMatchObject({ state })
    expect(await store.listNics()).toHaveLength(before.length)
    makeRoom()
    await store.markNic("nic-1", "leaving")
    await store.freeNic("nic-1")
    expect(await store.findNic("nic-1")).toBeUndefined()
    await store.close()
    expect(await findings()).toEqual([])
  })

  it("makes no store, or half a secret", async () => {
    fillDisk()
    await expect((async () => open())()).rejects.toMatchObject(full("secret"))
    expect(readdirSync(join(folder, "state"))).toEqual([])
    const secret = new Uint8Array(32).fill(7)
    await expect(openSqliteStore({ file, secret })).rejects.toMatchObject(full("store"))
    makeRoom()
    const store = await open()
    await store.createNetwork(network)
    await store.close()
  })

  it("leaves no half backup, and the store as it is", async () => {
    const store = await open()
    await store.createNetwork(network)
    await store.claimNic(claim(0))
    const copy = join(folder, "copy")
    mkdirSync(copy)
    fillDisk()
    const database = sqliteDatabase({ file, secretFile })
    await expect(database.backup(copy, newCall())).rejects.toMatchObject({ code: "RESOURCE_EXHAUSTED" })
    expect(readdirSync(copy).filter((name) => name !== "secret")).toEqual([])
    makeRoom()
    rmSync(join(copy, "secret"), { force: true })
    expect(await database.backup(copy, newCall())).toMatchObject({ file: join(copy, "slash64.db") })
    await store.close()
    expect(await findings()).toEqual([])
  })
})

describe("a store that may not be written", () => {
  beforeEach(async () => {
    const store = await open()
    await store.createNetwork(network)
    await store.claimNic(claim(0))
    await store.close()
  })

  it("says that the file system is read-only, and keeps what it has", async () => {
    execFileSync("mount", ["-o", "remount,ro", folder])
    await expect(open()).rejects.toMatchObject(readOnly)
    execFileSync("mount", ["-o", "remount,rw", folder])
    const again = await open()
    expect(await again.listNetworks()).toEqual([network])
    await again.close()
  })

  /** Root may write whatever the mode says, but not through a mount that is read-only. */
  it("says that its directory is read-only: the journal has no place there", async () => {
    const state = join(folder, "state")
    execFileSync("mount", ["--bind", state, state])
    execFileSync("mount", ["-o", "remount,bind,ro", state])
    try {
      await expect(open()).rejects.toMatchObject(readOnly)
      await expect(sqliteDatabase({ file, secretFile }).migrate({ dryRun: true }, newCall())).rejects.toMatchObject({
        code: "PERMISSION_DENIED",
        field: "store",
      })
    } finally {
      execFileSync("umount", [state])
    }
    expect(await findings()).toEqual([])
  })

  it.for([
    ["the file", "400", "state/slash64.db"],
    ["its directory", "500", "state"],
  ] as const)("says to a user who is not root that %s is read-only", ([, mode, path]) => {
    execFileSync("chown", ["-R", "65534:65534", folder])
    execFileSync("chmod", [mode, join(folder, path)])
    expect(openAsNobody()).toMatchObject({ code: "PERMISSION_DENIED", field: "store", value: file })
    execFileSync("chmod", ["u+w", join(folder, path)])
    expect(openAsNobody()).toBe("opened")
  })
})

function openAsNobody(): unknown {
  const words = [join(import.meta.dirname, "store-as-nobody.ts"), file, secretFile]
  const said = execFileSync(process.execPath, words, { encoding: "utf8" }).trim()
  return said === "opened" ? said : JSON.parse(said)
}

/** A disk that is really full and one that is really read-only: a small tmpfs, so this needs root. */
import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync, rmdirSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { openSqliteStore, planNetwork, planNic } from "@slash64/core"
import { afterEach, beforeEach, describe, expect, it } from "vitest"

const secret = new Uint8Array(32).fill(7)
const network = planNetwork({
  name: "lab",
  attachment: { kind: "isolated" },
  ipv6: { prefix: "2001:db8::/64", gateway: "2001:db8::1" },
})
const claim = (number: number) => planNic({ id: `nic-${number}`, host: "h1", vmId: crypto.randomUUID() }, network)

let folder: string
let file: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slash64-disk-"))
  file = join(folder, "store.sqlite")
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "slash64-test", folder])
})
afterEach(() => {
  execFileSync("umount", [folder])
  rmdirSync(folder)
})

function fillDisk(): void {
  for (const size of [1 << 20, 1 << 16, 4096]) {
    for (let part = 0; ; part++) {
      try {
        writeFileSync(join(folder, `filler-${size}-${part}`), Buffer.alloc(size, 1))
      } catch {
        break
      }
    }
  }
}

describe("a store on a bad disk", () => {
  it("says that the disk is full, claims nothing, and goes on when there is room again", async () => {
    const store = await openSqliteStore({ file, secret })
    await store.createNetwork(network)
    const first = await store.claimNic(claim(0))
    fillDisk()
    const errors: unknown[] = []
    const claimed: string[] = []
    for (let number = 1; number <= 200 && errors.length < 3; number++) {
      await store.claimNic(claim(number)).then(
        ({ id }) => claimed.push(id),
        (error: unknown) => errors.push(error),
      )
    }
    const full = { code: "RESOURCE_EXHAUSTED", field: "store", value: file, hint: expect.stringMatching(/room/) }
    expect(errors).toEqual([0, 1, 2].map(() => expect.objectContaining(full)))
    expect((await store.listNics()).map(({ id }) => id).toSorted()).toEqual(["nic-0", ...claimed].toSorted())
    for (const filler of ["1048576-0", "65536-0", "4096-0"]) rmSync(join(folder, `filler-${filler}`), { force: true })
    expect(await store.claimNic(claim(999))).toMatchObject({ id: "nic-999" })
    expect(await store.findNic("nic-0")).toEqual(first)
    await store.close()
  })

  it("says that the disk has no room for a store", async () => {
    fillDisk()
    await expect(openSqliteStore({ file, secret })).rejects.toMatchObject({
      code: "RESOURCE_EXHAUSTED",
      field: "store",
    })
  })

  it("says that the disk is read-only, and keeps what it has", async () => {
    const store = await openSqliteStore({ file, secret })
    await store.createNetwork(network)
    await store.close()
    execFileSync("mount", ["-o", "remount,ro", folder])
    await expect(openSqliteStore({ file, secret })).rejects.toMatchObject({ code: "PERMISSION_DENIED", field: "store" })
    execFileSync("mount", ["-o", "remount,rw", folder])
    const again = await openSqliteStore({ file, secret })
    expect(await again.listNetworks()).toEqual([network])
    await again.close()
  })
})

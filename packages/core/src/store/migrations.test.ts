import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { planNetwork } from "../network/plan-network.ts"
import { planNic } from "../network/plan-nic.ts"
import { migrations } from "./migrations.ts"
import { openSqliteStore } from "./sqlite-store.ts"

const secret = new Uint8Array(32).fill(7)
const network = planNetwork({
  name: "lab",
  attachment: { kind: "isolated" },
  ipv6: { prefix: "2001:db8::/64", gateway: "2001:db8::1" },
})
/** The schema of step 1, and what was written at it. */
const [firstSchema = "", firstRows = ""] = readFileSync(
  join(import.meta.dirname, "../../../../test/fixtures/schema-1.sql"),
  "utf8",
).split(/(?=-- As slash64 wrote it)/)

let folder: string
let file: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slash64-migrations-"))
  file = join(folder, "store.sqlite")
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

/** A database that ends at step `steps`, with the rows that were written at step 1. */
function makeOld(steps: number): void {
  const database = new DatabaseSync(file)
  migrations.slice(0, steps).forEach((step, index) => {
    database.exec(step)
    if (index > 0) return
    database.exec(firstRows)
    database.exec(`INSERT INTO hosts VALUES ('h7', '{"name":"h7","plugin":"kvm","config":{}}')`)
  })
  database.exec(`PRAGMA user_version = ${steps}`)
  database.close()
}

const plain = (sql: string | undefined) => sql?.replaceAll(/\s+/g, " ").trim()

describe("migrations", () => {
  it("has the first step that was released", () => {
    expect(plain(migrations[0])).toBe(plain(firstSchema))
  })

  it.for(migrations.map((_, index) => index + 1))("brings a store of step %i up to date as it is", async (steps) => {
    makeOld(steps)
    const store = await openSqliteStore({ file, secret })
    const nic = { id: "nic-1", ipv6: "2001:db8::5", mac: "02:00:00:00:00:01", state: "attached", isDefault: true }
    expect(await store.readNetwork("lab")).toMatchObject({ revision: 3, network, nics: [nic] })
    expect(await store.countAddresses("lab")).toMatchObject({ ipv6: { held: 1n, resting: 0n } })
    expect(await store.listHostsOfNetwork("lab")).toEqual(["h7"])
    const requested = planNic(
      { id: "nic-2", host: "h1", vmId: crypto.randomUUID(), requestedIpv6: "2001:db8::5" },
      network,
    )
    await expect(store.claimNic(requested)).rejects.toMatchObject({ code: "ALREADY_EXISTS", field: "requestedIpv6" })
    await store.close()
  })

  it("brings it up to date once when several open it at once", async () => {
    makeOld(1)
    const stores = await Promise.all([1, 2, 3, 4].map(() => openSqliteStore({ file, secret })))
    for (const store of stores) {
      expect(await store.listNics()).toHaveLength(1)
      await store.close()
    }
  })

  it("lets no program of an older schema go on that has the file open, and loses nothing by it", async () => {
    const store = await openSqliteStore({ file, secret })
    await store.createNetwork(network)
    const newer = new DatabaseSync(file)
    newer.exec(`PRAGMA user_version = ${migrations.length + 1}`)
    const moved = {
      code: "FAILED_PRECONDITION",
      field: "store",
      hint: expect.stringMatching(/start this program again/),
    }
    const claim = (id: string) => planNic({ id, host: "h1", vmId: crypto.randomUUID() }, network)
    const calls = [store.claimNic(claim("nic-1")), store.claimNic(claim("nic-2")), store.listNics()]
    for (const outcome of await Promise.allSettled(calls))
      expect(outcome).toMatchObject({ status: "rejected", reason: moved })
    newer.exec(`PRAGMA user_version = ${migrations.length}`)
    newer.close()
    expect(await store.listNics()).toEqual([])
    expect(await store.claimNic(claim("nic-1"))).toMatchObject({ id: "nic-1" })
    await store.close()
  })

  it("takes the first secret that a store of step 1 is opened with, and refuses another then", async () => {
    makeOld(1)
    await (await openSqliteStore({ file, secret })).close()
    const other = openSqliteStore({ file, secret: new Uint8Array(32), secretFile: "/somewhere/secret" })
    await expect(other).rejects.toMatchObject({
      code: "FAILED_PRECONDITION",
      field: "secret",
      value: "/somewhere/secret",
      message: `secret /somewhere/secret: store ${file} was made with another one`,
    })
  })

  it("keeps every NIC and address of step 1 when their keys become small: held and at rest, of two networks", async () => {
    makeOld(1)
    const database = new DatabaseSync(file)
    const lan = planNetwork({
      name: "lan",
      attachment: { kind: "isolated" },
      ipv6: { prefix: "2001:db8:1::/64", gateway: "2001:db8:1::1" },
      ipv4: { prefix: "192.0.2.0/24", gateway: "192.0.2.1" },
    })
    database.exec(`
      INSERT INTO networks (id, name, prefix6, body, revision) VALUES ('lan', 'lan', NULL, '${JSON.stringify(lan)}', 9);
      INSERT INTO nics VALUES
        ('nic-9', 'lan', 'h1', '4dea22b3-1d52-d8f3-2516-782e98ab3fa0', '02:00:00:00:00:09',
          x'20010db8000100000000000000000005', x'00000000000000000000ffffc0000205', 'web', 0, 'leaving'),
        ('nic-3', 'lan', 'h2', '00000000-0000-4000-8000-0123456789ab', '02:00:00:00:00:03',
          x'20010db8000100000000000000000006', NULL, 'nic-3', 1, 'claimed');
      INSERT INTO addresses VALUES
        ('lan', x'20010db8000100000000000000000005', 'nic-9', NULL),
        ('lan', x'00000000000000000000ffffc0000205', 'nic-9', NULL),
        ('lan', x'20010db8000100000000000000000006', 'nic-3', NULL),
        ('lan', x'20010db8000100000000000000000007', 'nic-4', 4000000000);`)
    database.close()
    const store = await openSqliteStore({ file, secret })
    const kept = [
      { id: "nic-1", networkId: "lab", ipv6: "2001:db8::5", isDefault: true, hostname: "nic-1", state: "attached" },
      { id: "nic-3", vmId: "00000000-0000-4000-8000-0123456789ab", mac: "02:00:00:00:00:03", ipv6: "2001:db8:1::6" },
      { id: "nic-9", ipv6: "2001:db8:1::5", ipv4: "192.0.2.5", isDefault: false, hostname: "web", state: "leaving" },
    ]
    expect(await store.listNics()).toMatchObject(kept)
    expect(await store.listNics({ vmId: "4dea22b3-1d52-d8f3-2516-782e98ab3fa0" })).toMatchObject([kept[0], kept[2]])
    expect(await store.readNetwork("lan")).toMatchObject({ revision: 9, nics: [kept[1]] })
    expect(await store.countAddresses("lan")).toMatchObject({ ipv6: { held: 2n, resting: 1n }, ipv4: { held: 1n } })
    const claim = (id: string, asked: object) =>
      store.claimNic(planNic({ id, host: "h1", vmId: crypto.randomUUID(), ...asked }, lan))
    const taken = { requestedIpv6: "2001:db8:1::6", mac: "02:00:00:00:00:03", hostname: "web" }
    for (const [field, value] of Object.entries(taken))
      await expect(claim("nic-5", { [field]: value })).rejects.toMatchObject({ code: "ALREADY_EXISTS", field })
    expect(await claim("nic-4", {})).toMatchObject({ ipv6: "2001:db8:1::7" })
    await store.freeNic("nic-9")
    expect(await store.countAddresses("lan")).toMatchObject({ ipv6: { held: 2n, resting: 1n }, ipv4: { resting: 1n } })
    await store.close()
  })
})

/** A store moves from one engine to the other and back: what is exported at the end is what was exported first. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import {
  exportLines,
  importLines,
  macForNic,
  newCall,
  openSqliteStore,
  parseDuid,
  planNetwork,
  planNic,
} from "@slash64/core"
import type { Store } from "@slash64/core"
import { openPostgresStore } from "@slash64/store-postgres"
import { startPostgres } from "@slash64/tool-lab"
import type { OwnPostgres } from "@slash64/tool-lab"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

const secret = new Uint8Array(32).fill(7)
let server: OwnPostgres
let folder: string
const stores: Store[] = []

beforeAll(async () => {
  server = await startPostgres()
  folder = mkdtempSync(join(tmpdir(), "slash64-transfer-"))
})
afterAll(async () => {
  for (const store of stores) await store.close()
  await server.remove()
  rmSync(folder, { recursive: true })
})

function kept(store: Store): Store {
  stores.push(store)
  return store
}

const sqlite = async (name: string) => kept(await openSqliteStore({ file: join(folder, name), secret }))
const postgres = async (name: string) => kept(await openPostgresStore({ url: await server.openSchema(name), secret }))

/** The records alone: the header names the engine. */
async function recordsOf(store: Store): Promise<string[]> {
  const lines: string[] = []
  for await (const line of exportLines(store, newCall())) lines.push(line)
  return lines.slice(1)
}

/** More NICs than are read at a time, of two networks, some leaving, some gone. */
async function fill(store: Store, nics: number): Promise<void> {
  await store.putHost({ name: "h1", plugin: "kvm", config: { uri: "qemu:///system" } })
  const dual = planNetwork({
    name: "dual",
    attachment: { kind: "isolated" },
    ipv6: { prefix: "2001:db8::/64", gateway: "2001:db8::1" },
    ipv4: { prefix: "10.0.0.0/8", gateway: "10.0.0.1" },
  })
  const row = planNetwork({
    name: "row",
    attachment: { kind: "isolated" },
    ipv6: { prefix: "2001:db8:1::/64", gateway: "2001:db8:1::1" },
    policy: "sequential",
  })
  for (const network of [dual, row]) await store.createNetwork(network)
  await store.createRouter({
    id: "router-1",
    networkId: "dual",
    host: "h1",
    vmId: "router-1",
    vcpus: 1,
    memoryMiB: 256,
    templateDigest: `sha256:${"a".repeat(64)}`,
    templateVersion: "1",
    guestMac: macForNic("guest"),
    controlMac: macForNic("control"),
    serverDuid: parseDuid("serverDuid", "00:04:01"),
    hostKey: "ssh-ed25519 AAAA",
    state: "running",
  })
  for (let number = 0; number < nics; number++) {
    const id = `nic-${number}`
    await store.claimNic(planNic({ id, host: "h1", vmId: crypto.randomUUID() }, number % 2 === 0 ? dual : row))
    if (number % 5 === 0) await store.markNic(id, "leaving")
    if (number % 10 === 0) await store.freeNic(id)
  }
}

describe("SQLite to PostgreSQL and back", () => {
  it.for([
    ["SQLite", "PostgreSQL", sqlite, postgres],
    ["PostgreSQL", "SQLite", postgres, sqlite],
  ] as const)("%s to %s and back: the same records, revisions and addresses", async ([from, , here, there]) => {
    const [first, second, third] = [await here(`${from}-1`), await there(`${from}-2`), await here(`${from}-3`)]
    await fill(first, 2500)
    const records = await recordsOf(first)
    expect(records.length).toBeGreaterThan(2500)
    await importLines(second, exportLines(first, newCall()), newCall())
    expect(await recordsOf(second)).toEqual(records)
    await importLines(third, exportLines(second, newCall()), newCall())
    expect(await recordsOf(third)).toEqual(records)
    for (const id of ["dual", "row"]) {
      const revisions = [first, second, third].map(async (store) => (await store.readNetwork(id))?.revision)
      expect(new Set(await Promise.all(revisions)).size).toBe(1)
      expect(await third.countAddresses(id)).toEqual(await first.countAddresses(id))
    }
  })
})

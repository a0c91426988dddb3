import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { parseDuid } from "../address/duid.ts"
import { macForNic } from "../address/mac-address.ts"
import { planNetwork } from "../network/plan-network.ts"
import { planNic } from "../network/plan-nic.ts"
import { planPool } from "../network/plan-pool.ts"
import { planPooledNetwork } from "../network/plan-pooled-network.ts"
import { newCall } from "../plugin/call.ts"
import { applicationId, migrations } from "./migrations.ts"
import { openSecretFile } from "./secret-file.ts"
import { sqliteDatabase } from "./sqlite-database.ts"
import { openSqliteStore } from "./sqlite-store.ts"
import type { Store } from "./store.ts"
import type { StoreDatabase } from "./store-database.ts"

const network = planNetwork({
  name: "lab",
  attachment: { kind: "bridge", bridge: "br0" },
  ipv6: { prefix: "2001:db8::/64", gateway: "2001:db8::1" },
  ipv4: { prefix: "192.0.2.0/24", gateway: "192.0.2.1" },
})
const vm = (number: number) => `00000000-0000-4000-8000-00000000000${number}`
const claim = (number: number) => planNic({ id: `nic-${number}`, host: "h1", vmId: vm(number) }, network)

let folder: string
let file: string
let database: StoreDatabase

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "slash64-database-"))
  file = join(folder, "slash64.db")
  database = sqliteDatabase({ file, secretFile: join(folder, "secret") })
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

function open(at = folder): Promise<Store> {
  return openSqliteStore({ file: join(at, "slash64.db"), secret: openSecretFile(join(at, "secret")) })
}

/**
 * Two NICs, an address at rest of a third, a router, a host, a template; a pool with a network, a claim and a /64 at
 * rest.
 */
async function fill(): Promise<void> {
  const store = await open()
  await store.putHost({ name: "h1", plugin: "kvm", config: {} })
  const digest = `sha256:${"a".repeat(64)}`
  await store.putTemplate({ digest, version: "1", file: "/a", format: "raw", registeredAt: "2026-01-01T00:00:00Z" })
  await store.createNetwork(network)
  await store.createRouter({
    id: "router-1",
    networkId: "lab",
    host: "h1",
    vmId: "router-1",
    vcpus: 1,
    memoryMiB: 256,
    templateDigest: digest,
    templateVersion: "1",
    guestMac: macForNic("guest"),
    controlMac: macForNic("control"),
    serverDuid: parseDuid("serverDuid", "00:04:01"),
    hostKey: "ssh-ed25519 AAAA",
    state: "running",
  })
  for (const number of [1, 2, 3]) await store.claimNic(claim(number))
  await store.markNic("nic-3", "leaving")
  await store.freeNic("nic-3")
  await store.createPool(planPool({ name: "edge", prefix: "2001:db8:100::/56", policy: "sequential" }))
  await store.createPooledNetwork(
    planPooledNetwork({ name: "blue", attachment: { kind: "isolated" }, ipv6: { pool: "edge", gateway: "::1" } }),
  )
  for (const holder of ["h-1", "h-2"]) await store.claimPrefix({ poolId: "edge", holder })
  await store.releasePrefix("edge", "h-2")
  await store.close()
}

/** Behind the store's back, as a broken disk or a hand at the file does it. */
function change(sql: string): void {
  const raw = new DatabaseSync(file)
  raw.exec(`PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; ${sql}`)
  raw.close()
}

async function claimUntil(signal: AbortSignal, store: Store): Promise<number> {
  let number = 0
  for (; !signal.aborted; number++)
    await store.claimNic(planNic({ id: `w-${number}`, host: "h1", vmId: crypto.randomUUID() }, network))
  return number
}

const place = () => join(folder, "copy")
const errors = async () => (await database.check(newCall())).findings.filter(({ severity }) => severity === "error")

describe("check", () => {
  it("finds nothing in a sound store, counts what is there, and changes no byte", async () => {
    await fill()
    const before = readFileSync(file)
    expect(await database.check(newCall())).toMatchObject({
      schema: migrations.length,
      newestSchema: migrations.length,
      sizeBytes: statSync(file).size,
      counts: { networks: 2, nics: 2, addresses: 6, routers: 1, hosts: 1, templates: 1, pools: 1, pool_prefixes: 3 },
      findings: [],
      moreFindings: 0,
    })
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  it.for([
    ["networks", "id", "UPDATE networks SET id = 'lan' WHERE id = 'lab'", /table nics|table routers/],
    ["networks", "name", "UPDATE networks SET name = 'lan' WHERE id = 'lab'", /network lab/],
    ["networks", "segment", "UPDATE networks SET segment = 'bridge br1' WHERE id = 'lab'", /network lab/],
    [
      "networks",
      "prefix6",
      "UPDATE networks SET prefix6 = x'20010db8000000010000000000000000' WHERE id = 'lab'",
      /network lab/,
    ],
    ["networks", "first4", "UPDATE networks SET first4 = 1", /network lab/],
    ["networks", "last4", "UPDATE networks SET last4 = NULL", /network lab/],
    ["networks", "body", "UPDATE networks SET body = '{}'", /network lab/],
    ["networks", "revision", "UPDATE networks SET revision = 0", /network lab/],
    ["networks", "cursor6", "UPDATE networks SET cursor6 = x'00'", /network lab/],
    ["networks", "cursor4", "UPDATE networks SET cursor4 = x'00'", /network lab/],
    ["nics", "id", "UPDATE nics SET id = 'Nic 1' WHERE id = 'nic-1'", /NIC Nic 1/],
    ["nics", "network_id", "UPDATE nics SET network_id = 'lan' WHERE id = 'nic-1'", /table nics/],
    ["nics", "host", "UPDATE nics SET host = '../h1' WHERE id = 'nic-1'", /NIC nic-1/],
    ["nics", "vm_id", "UPDATE nics SET vm_id = x'01' WHERE id = 'nic-1'", /NIC nic-1/],
    ["nics", "mac", "UPDATE nics SET mac = x'ffffffffffff' WHERE id = 'nic-1'", /NIC nic-1/],
    ["nics", "ipv6", "UPDATE nics SET ipv6 = x'01' WHERE id = 'nic-1'", /NIC nic-1/],
    ["nics", "ipv6, null", "UPDATE nics SET ipv6 = NULL WHERE id = 'nic-1'", /NIC nic-1/],
    ["nics", "ipv4", "UPDATE nics SET ipv4 = x'01' WHERE id = 'nic-1'", /NIC nic-1/],
    ["nics", "hostname", "UPDATE nics SET hostname = 'A_b' WHERE id = 'nic-1'", /NIC nic-1/],
    ["nics", "is_default", "UPDATE nics SET is_default = 2 WHERE id = 'nic-1'", /NIC nic-1/],
    ["nics", "state", "UPDATE nics SET state = 'lost' WHERE id = 'nic-1'", /NIC nic-1/],
    ["networks", "number", "UPDATE networks SET number = NULL", /network lab/],
    ["nics", "number", "UPDATE nics SET number = 9 WHERE id = 'nic-1'", /NIC nic-1/],
    ["addresses", "network", "UPDATE addresses SET network = 9", /table addresses/],
    ["addresses", "nic", "UPDATE addresses SET nic = 9 WHERE nic = 1", /NIC nic-1/],
    ["addresses", "free_after", "UPDATE addresses SET free_after = 99 WHERE nic = 1", /an address of/],
    ["addresses", "last_nic_id", "UPDATE addresses SET last_nic_id = NULL", /an address of/],
    ["routers", "id", "UPDATE routers SET id = 'router-2'", /router router-2/],
    ["routers", "network_id", "UPDATE routers SET network_id = 'lan'", /table routers/],
    ["routers", "host", "UPDATE routers SET host = 'h2'", /router router-1/],
    ["routers", "guest_mac", "UPDATE routers SET guest_mac = '02:00:00:00:00:01'", /router router-1/],
    ["routers", "control_mac", "UPDATE routers SET control_mac = '02:00:00:00:00:01'", /router router-1/],
    ["routers", "body", "UPDATE routers SET body = json_set(body, '$.serverDuid', '0')", /router router-1/],
    ["hosts", "name", "UPDATE hosts SET name = 'h2'", /host h2/],
    ["hosts", "body", "UPDATE hosts SET body = '['", /host h1/],
    ["templates", "digest", "UPDATE templates SET digest = 'x'", /template x/],
    ["templates", "body", "UPDATE templates SET body = json_set(body, '$.format', 'iso')", /template sha256/],
    ["pools", "id", "UPDATE pools SET id = 'core'", /pool core|table pool_prefixes/],
    ["pools", "name", "UPDATE pools SET name = 'core'", /pool edge/],
    ["pools", "first6", "UPDATE pools SET first6 = x'00'", /pool edge/],
    ["pools", "last6", "UPDATE pools SET last6 = first6", /pool edge/],
    ["pools", "body", "UPDATE pools SET body = '{}'", /pool edge/],
    ["pools", "cursor", "UPDATE pools SET cursor = -1", /pool edge/],
    ["pool_prefixes", "pool_id", "UPDATE pool_prefixes SET pool_id = 'core'", /table pool_prefixes/],
    ["pool_prefixes", "slot", "UPDATE pool_prefixes SET slot = slot + 100", /pool edge/],
    ["pool_prefixes", "holder_kind", "UPDATE pool_prefixes SET holder_kind = 'vm'", /pool edge/],
    ["pool_prefixes", "holder_id", "UPDATE pool_prefixes SET holder_id = 'x' WHERE holder_kind = 'network'", /edge/],
    ["pool_prefixes", "free_after", "UPDATE pool_prefixes SET free_after = 99", /network blue/],
    ["pool_runs", "pool_id", "UPDATE pool_runs SET pool_id = 'core'", /pool edge/],
    ["pool_runs", "first", "UPDATE pool_runs SET first = first - 1", /pool edge/],
    ["pool_runs", "last", "UPDATE pool_runs SET last = last - 1", /pool edge/],
    ["settings", "value", "UPDATE settings SET value = 'x'", /secret/],
  ] as const)("finds a damaged %s.%s, and says what to do", async ([, , sql, subject]) => {
    await fill()
    change(sql)
    const found = await errors()
    expect(found.map((finding) => finding.subject).join("\n")).toMatch(subject)
    expect(found.every(({ problem, hint }) => problem !== "" && hint !== "")).toBe(true)
  })

  it("finds an address that nobody has, and one that its NIC does not hold", async () => {
    await fill()
    change("UPDATE addresses SET nic = 2 WHERE nic = 1 AND hex(address) LIKE '20%'")
    expect(await errors()).toEqual([
      expect.objectContaining({
        subject: "NIC nic-1",
        problem: expect.stringMatching(/ipv6 address is not held by it/),
      }),
      expect.objectContaining({
        subject: "network lab",
        problem: expect.stringMatching(/NIC nic-2, which has it not/),
      }),
    ])
  })

  it("finds an address outside its network's prefix, and one that is the gateway's", async () => {
    await fill()
    change(`UPDATE addresses SET address = x'20010db8000000010000000000000005' WHERE nic = 1 AND address = (SELECT ipv6 FROM nics WHERE id = 'nic-1');
      UPDATE nics SET ipv6 = x'20010db8000000010000000000000005' WHERE id = 'nic-1';
      UPDATE addresses SET address = x'20010db8000000000000000000000001' WHERE nic = 2 AND address = (SELECT ipv6 FROM nics WHERE id = 'nic-2');
      UPDATE nics SET ipv6 = x'20010db8000000000000000000000001' WHERE id = 'nic-2';`)
    expect(await errors()).toEqual([
      expect.objectContaining({ subject: "NIC nic-1", problem: expect.stringMatching(/not in 2001:db8::\/64/) }),
      expect.objectContaining({ subject: "NIC nic-2", problem: expect.stringMatching(/gateway/) }),
    ])
  })

  it("finds a host name that was given to one NIC and is the id of another", async () => {
    await fill()
    change("UPDATE nics SET hostname = 'nic-2' WHERE id = 'nic-1'")
    expect(await errors()).toEqual([
      expect.objectContaining({ subject: "NIC nic-1", problem: "it has the host name of NIC nic-2" }),
    ])
  })

  it("finds a MAC that a NIC and a router have, and one that two routers have", async () => {
    await fill()
    const mac = macForNic("control")
    change(`UPDATE nics SET mac = x'${mac.replaceAll(":", "")}' WHERE id = 'nic-1';
      INSERT INTO routers SELECT 'router-2', 'lan', host, control_mac, 'x', body FROM routers`)
    const found = await errors()
    expect(found).toContainEqual(
      expect.objectContaining({ subject: "NIC nic-1", problem: "it has a MAC of router router-1" }),
    )
    expect(found).toContainEqual(
      expect.objectContaining({
        subject: "router router-2",
        problem: expect.stringMatching(/control MAC of .* router-1/),
      }),
    )
  })

  it("notes what is being taken away, and a host that is not known", async () => {
    await fill()
    const store = await open()
    await store.markNic("nic-1", "leaving")
    await store.close()
    change("DELETE FROM hosts")
    const { findings } = await database.check(newCall())
    expect(findings.every(({ severity }) => severity === "note")).toBe(true)
    expect(findings.map(({ subject, problem }) => `${subject}: ${problem}`)).toEqual([
      "router router-1: its host h1 is not known",
      "NIC nic-1: its host h1 is not known",
      "NIC nic-1: it is being detached",
      "NIC nic-2: its host h1 is not known",
    ])
  })

  it("finds a corrupt file, and goes on", async () => {
    await fill()
    const page = 4096
    const bytes = readFileSync(file)
    // An inner page of a table or index: which one is SQLite's to say.
    bytes.fill(0xff, page * 3, page * 4)
    writeFileSync(file, bytes)
    const found = await errors()
    expect(found.length).toBeGreaterThan(0)
    expect(found[0]).toMatchObject({ subject: "file", hint: expect.stringMatching(/backup/) })
  })

  it("finds a secret that is not there, and one of another store", async () => {
    await fill()
    const secret = readFileSync(join(folder, "secret"))
    rmSync(join(folder, "secret"))
    expect(await errors()).toEqual([
      expect.objectContaining({ subject: "secret", problem: expect.stringMatching(/is not there/) }),
    ])
    openSecretFile(join(folder, "secret"))
    expect(await errors()).toEqual([
      expect.objectContaining({ subject: "secret", problem: expect.stringMatching(/not the secret of this/) }),
    ])
    writeFileSync(join(folder, "secret"), secret)
    expect(await errors()).toEqual([])
  })

  it("names no more than a person reads, and counts the others", async () => {
    const store = await open()
    await store.createNetwork(network)
    for (let number = 0; number < 220; number++)
      await store.claimNic(planNic({ id: `nic-${number}`, host: "h1", vmId: crypto.randomUUID() }, network))
    await store.close()
    change("UPDATE nics SET state = 'lost'")
    const { findings, moreFindings } = await database.check(newCall())
    expect([findings.length, moreFindings]).toEqual([200, 20])
  })

  it("refuses what is not there, not ours or newer", async () => {
    await expect(database.check(newCall())).rejects.toMatchObject({ code: "NOT_FOUND", field: "store", value: file })
    writeFileSync(file, "x".repeat(8192))
    await expect(database.check(newCall())).rejects.toMatchObject({ code: "DATA_LOSS", field: "store" })
    rmSync(file)
    change("CREATE TABLE theirs (id INTEGER)")
    await expect(database.check(newCall())).rejects.toMatchObject({ code: "FAILED_PRECONDITION", field: "store" })
  })
})

describe("backup", () => {
  it("is restored by putting both files back: the same NICs get the same addresses", async () => {
    await fill()
    mkdirSync(place())
    const made = await database.backup(place(), newCall())
    expect(made).toMatchObject({ file: join(place(), "slash64.db"), secretFile: join(place(), "secret") })
    expect(readdirSync(place()).toSorted()).toEqual(["secret", "slash64.db"])
    for (const name of ["secret", "slash64.db"]) expect(statSync(join(place(), name)).mode & 0o777).toBe(0o600)
    const store = await open()
    const later = await store.claimNic(claim(4))
    const kept = await store.listNics({ networkId: "lab" })
    await store.close()
    rmSync(file)
    rmSync(join(folder, "secret"))
    for (const name of ["secret", "slash64.db"])
      writeFileSync(join(folder, name), readFileSync(join(place(), name)), { mode: 0o600 })
    const restored = await open()
    expect(await restored.listNics()).toEqual(kept.filter(({ id }) => id !== "nic-4"))
    expect(await restored.claimNic(claim(4))).toEqual(later)
    await restored.close()
    expect(await errors()).toEqual([])
  })

  it("is whole and of one moment while others write", async () => {
    await fill()
    mkdirSync(place())
    const store = await open()
    const stop = new AbortController()
    const writing = claimUntil(stop.signal, store)
    await database.backup(place(), newCall())
    stop.abort()
    expect(await writing).toBeGreaterThan(0)
    await store.close()
    const copy = sqliteDatabase({ file: join(place(), "slash64.db"), secretFile: join(place(), "secret") })
    expect(await copy.check(newCall())).toMatchObject({ findings: [] })
  })

  it("overwrites nothing", async () => {
    await fill()
    mkdirSync(place())
    for (const name of ["slash64.db", "secret"]) {
      writeFileSync(join(place(), name), "mine")
      await expect(database.backup(place(), newCall())).rejects.toMatchObject({
        code: "ALREADY_EXISTS",
        field: "backup",
        value: join(place(), name),
      })
      expect(readFileSync(join(place(), name), "utf8")).toBe("mine")
      rmSync(join(place(), name))
    }
  })

  it("is refused with another secret or none: it would give other addresses", async () => {
    await fill()
    mkdirSync(place())
    rmSync(join(folder, "secret"))
    await expect(database.backup(place(), newCall())).rejects.toMatchObject({ code: "NOT_FOUND", field: "secret" })
    openSecretFile(join(folder, "secret"))
    await expect(database.backup(place(), newCall())).rejects.toMatchObject({
      code: "FAILED_PRECONDITION",
      field: "secret",
    })
    expect(readdirSync(place())).toEqual([])
  })

  it("says that the directory is not there", async () => {
    await fill()
    await expect(database.backup(place(), newCall())).rejects.toMatchObject({
      code: "PERMISSION_DENIED",
      field: "backup",
    })
  })
})

describe("migrate", () => {
  it("says what it would do, does it, and then has nothing to do", async () => {
    change(`${migrations[0]}; PRAGMA application_id = ${applicationId}; PRAGMA user_version = 1`)
    const to = migrations.length
    expect(await database.migrate({ dryRun: true }, newCall())).toEqual({ from: 1, to })
    expect(await database.check(newCall())).toMatchObject({
      schema: 1,
      findings: [{ subject: "schema", severity: "note" }],
    })
    expect(await database.migrate({ dryRun: false }, newCall())).toEqual({ from: 1, to })
    expect(await database.migrate({ dryRun: false }, newCall())).toEqual({ from: to, to })
  })

  it("makes no store where there is none", async () => {
    await expect(database.migrate({ dryRun: false }, newCall())).rejects.toMatchObject({
      code: "NOT_FOUND",
      field: "store",
    })
    expect(readdirSync(folder)).toEqual([])
  })
})

import { afterEach, beforeEach, describe, it } from "vitest"
import { exportLines, importLines, newCall, planPool } from "@slash64/core"
import type { Store, StoreRecord } from "@slash64/core"
import { StoreBench, claim, network, otherNetwork, router } from "./store-bench.ts"
import type { StoreSuiteOptions } from "./store-bench.ts"

const pooled = { prefix: "2001:db8:100:8::/64", gateway: "2001:db8:100:8::1" }

/** Everything that a store can hold: more NICs than one page, one that is leaving, addresses at rest, cursors. */
async function fill(store: Store): Promise<void> {
  await store.putHost({ name: "h1", plugin: "kvm", config: { uri: "qemu:///system", deep: [1, null, { a: "b" }] } })
  await store.putTemplate({
    digest: `sha256:${"a".repeat(64)}`,
    version: "1",
    file: "/var/lib/a.qcow2",
    format: "qcow2",
    registeredAt: "2026-01-01T00:00:00Z",
  })
  await store.createPool(planPool({ name: "sites", prefix: "2001:db8:100::/40", policy: "sequential" }))
  await store.claimPrefix({ poolId: "sites", holder: "site-1" })
  await store.claimPrefix({ poolId: "sites", holder: "site-2" })
  await store.releasePrefix("sites", "site-1")
  await store.createNetwork(otherNetwork({ name: "pooled", ipv6: { ...pooled, pool: "sites" } }))
  const [lab, lan] = [network(), otherNetwork({ policy: "sequential" })]
  await store.createNetwork(lab)
  await store.createNetwork(lan)
  for (const host of ["h2", "h1"]) await store.noteNetworkOnHost("lab", host)
  await store.createRouter(router())
  await store.markRouter("router-1", "running")
  for (let number = 1; number <= 5; number++) {
    await store.claimNic(claim(lab, `nic-${number}`))
    await store.claimNic(claim(lan, `lan-${number}`, { isDefault: false }))
  }
  await store.markNic("nic-1", "attached")
  for (const id of ["nic-2", "nic-3", "lan-2"]) await store.markNic(id, "leaving")
  await store.freeNic("nic-2")
  await store.freeNic("lan-2")
}

async function linesOf(store: Store): Promise<string[]> {
  const lines: string[] = []
  for await (const line of exportLines(store, newCall())) lines.push(line)
  return lines
}

async function recordsOf(store: Store): Promise<StoreRecord[]> {
  const records: StoreRecord[] = []
  for await (const record of store.exportRecords()) records.push(record)
  return records
}

function withoutTime(lines: readonly string[]): string[] {
  return lines.map((line) => line.replace(/"exportedAt":"[^"]*"/, ""))
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items
}

/** As a slash64 exported that did not note where networks are. */
async function* withoutHosts(store: Store): AsyncGenerator<StoreRecord> {
  for await (const record of store.exportRecords()) {
    if (record.record !== "network") yield record
    else yield { record: "network", network: record.network, revision: record.revision }
  }
}

export function describeTransfer(options: StoreSuiteOptions): void {
  describe("export and import", () => {
    let bench: StoreBench
    let from: Store
    let to: Store

    beforeEach(async () => {
      bench = new StoreBench(options)
      from = await bench.open({ place: "-from" })
      to = await bench.open({ place: "-to" })
      await fill(from)
    })
    afterEach(() => bench.close())

    it("describes itself", async ({ expect }) => {
      expect(await from.describe()).toEqual({
        engine: expect.stringMatching(/^[a-z]+$/),
        schema: expect.any(Number),
        secret: expect.stringMatching(/^[\da-f]{16}$/),
      })
      expect(await to.describe()).toEqual(await from.describe())
    })

    it("give the same again: every record, revision, address at rest and cursor", async ({ expect }) => {
      const records = await recordsOf(from)
      expect(records.map(({ record }) => record)).toEqual([
        "host",
        "template",
        "pool",
        ...Array<string>(3).fill("network"),
        ...Array<string>(3).fill("prefix"),
        "router",
        ...Array<string>(8).fill("nic"),
        ...Array<string>(3).fill("resting"),
      ])
      const lines = await linesOf(from)
      expect(await importLines(to, each(lines), newCall())).toBe(records.length)
      expect(await recordsOf(to)).toEqual(records)
      expect(withoutTime(await linesOf(to))).toEqual(withoutTime(lines))
      for (const id of ["lab", "lan"]) {
        expect(await to.readNetwork(id)).toEqual(await from.readNetwork(id))
        expect(await to.countAddresses(id)).toEqual(await from.countAddresses(id))
      }
      expect(await to.listHosts()).toEqual(await from.listHosts())
      expect(await to.listHostsOfNetwork("lab")).toEqual(["h1", "h2"])
      expect(await to.listHostsOfNetwork("lan")).toEqual([])
    })

    it("take a network of which nobody says where it is for one that is on every host", async ({ expect }) => {
      await to.importRecords(withoutHosts(from))
      expect(await to.listHostsOfNetwork("lan")).toEqual(["h1"])
    })

    it("leave a store that goes on as the first one would", async ({ expect }) => {
      await to.importRecords(from.exportRecords())
      for (const store of [from, to]) {
        expect(await store.claimPrefix({ poolId: "sites", holder: "site-3" })).toMatchObject({
          prefix: "2001:db8:100:2::/64",
        })
        expect(await store.claimPrefix({ poolId: "sites", holder: "site-1" })).toMatchObject({
          prefix: "2001:db8:100::/64",
        })
        expect(await store.claimNic(claim(otherNetwork(), "lan-6"))).toMatchObject({ ipv6: "2001:db8:1::8" })
        const resting = await store.claimNic(claim(network(), "nic-2"))
        await expect(store.claimNic(claim(network(), "nic-9", { requestedIpv6: resting.ipv6 }))).rejects.toMatchObject({
          code: "ALREADY_EXISTS",
        })
        await store.freeNic("nic-3")
      }
      expect(await recordsOf(to)).toEqual(await recordsOf(from))
      expect(await to.readNetwork("lab")).toEqual(await from.readNetwork("lab"))
    })

    it("take an empty store too", async ({ expect }) => {
      const empty = await bench.open({ place: "-empty" })
      expect(await importLines(to, each(await linesOf(empty)), newCall())).toBe(0)
      expect(await recordsOf(to)).toEqual([])
    })

    it("are refused where the store holds something, which stays", async ({ expect }) => {
      await to.putHost({ name: "h9", plugin: "kvm", config: {} })
      const before = await recordsOf(to)
      await expect(to.importRecords(from.exportRecords())).rejects.toMatchObject({
        code: "FAILED_PRECONDITION",
        field: "store",
      })
      expect(await recordsOf(to)).toEqual(before)
    })

    it("take in nothing when the records end with an error", async ({ expect }) => {
      async function* broken(): AsyncGenerator<StoreRecord> {
        yield* from.exportRecords()
        throw new Error("the cable")
      }
      await expect(to.importRecords(broken())).rejects.toThrow("the cable")
      expect(await recordsOf(to)).toEqual([])
      await to.importRecords(from.exportRecords())
      expect(await recordsOf(to)).toEqual(await recordsOf(from))
    })

    it("refuse the secret of another store, unless it is accepted", async ({ expect }) => {
      const other = await bench.open({ place: "-other", secret: 9 })
      const lines = await linesOf(from)
      await expect(importLines(other, each(lines), newCall())).rejects.toMatchObject({
        code: "FAILED_PRECONDITION",
        field: "secret",
      })
      expect(await recordsOf(other)).toEqual([])
      await importLines(other, each(lines), newCall(), { otherSecret: true })
      expect(await recordsOf(other)).toEqual(await recordsOf(from))
    })

    it.for([
      ["a line that is no JSON", 5, () => "{", "INVALID_ARGUMENT", "line"],
      [
        "an unknown field",
        2,
        (line: string) => line.replace('"record"', '"extra":1,"record"'),
        "INVALID_ARGUMENT",
        "extra",
      ],
      ["an unknown record", 2, (line: string) => line.replace('"host"', '"hots"'), "INVALID_ARGUMENT", "record"],
      [
        "a newer format",
        1,
        (line: string) => line.replace('"format":1', '"format":2'),
        "INVALID_ARGUMENT",
        "header.format",
      ],
      ["a header that is none", 1, () => "[]", "INVALID_ARGUMENT", "header"],
      ["another count at the end", 23, () => '{"end":true,"records":3}', "DATA_LOSS", "records"],
      [
        "a revision of 0",
        5,
        (line: string) => line.replace(/"revision":\d+/, '"revision":0'),
        "INVALID_ARGUMENT",
        "revision",
      ],
      ["an MTU that is none", 5, (line: string) => line.replace('"mtu":1500', '"mtu":7'), "INVALID_ARGUMENT", "mtu"],
      ["a host by a bad name", 2, (line: string) => line.replace('"h1"', '"../h1"'), "INVALID_ARGUMENT", "host.name"],
      ["a digest that is none", 3, (line: string) => line.replace(/a{64}/, "a"), "INVALID_ARGUMENT", "template.digest"],
      ["a network again", 6, (_: string, all: readonly string[]) => all[4], "ALREADY_EXISTS", "network.id"],
      [
        "two networks on one prefix",
        6,
        (line: string) => line.replaceAll("2001:db8:1:0:", "2001:db8:0:0:").replaceAll("2001:db8:1::", "2001:db8::"),
        "ALREADY_EXISTS",
        "ipv6.prefix",
      ],
      [
        "a router of no network",
        11,
        (line: string) => line.replace('"lab"', '"lost"'),
        "INVALID_ARGUMENT",
        "router.networkId",
      ],
      [
        "a NIC of no network",
        12,
        (line: string) => line.replace('"networkId":"lab"', '"networkId":"lost"'),
        "INVALID_ARGUMENT",
        "nic.networkId",
      ],
      // Id, MAC and name are another's: which is found first is the store's own.
      ["a NIC again", 13, (_: string, all: readonly string[]) => all[11], "ALREADY_EXISTS", ""],
      ["a NIC with a router's MAC", 12, withMacOf(router().guestMac), "ALREADY_EXISTS", "nic.mac"],
      [
        "a NIC in a state that is none",
        12,
        (line: string) => line.replace(/"state":"\w+"/, '"state":"lost"'),
        "INVALID_ARGUMENT",
        "nic.state",
      ],
      [
        "a NIC with an address elsewhere",
        12,
        (line: string) => line.replace(/"ipv6":"[^"]+"/, '"ipv6":"2001:db8:9::1"'),
        "INVALID_ARGUMENT",
        "ipv6",
      ],
      [
        "a NIC on the gateway",
        12,
        (line: string) => line.replace(/"ipv6":"[^"]+"/, '"ipv6":"2001:db8::1"'),
        "INVALID_ARGUMENT",
        "ipv6",
      ],
      [
        "a NIC without its IPv4 address",
        12,
        (line: string) => line.replace(/"ipv4":"[^"]+",/, ""),
        "INVALID_ARGUMENT",
        "ipv4",
      ],
      [
        "an address at rest elsewhere",
        20,
        (line: string) => line.replace(/"address":"[^"]+"/, '"address":"192.0.9.9"'),
        "INVALID_ARGUMENT",
        "address",
      ],
      ["records in another order", 11, (_: string, all: readonly string[]) => all[1], "INVALID_ARGUMENT", "record"],
      ["a /64 outside its pool", 8, withPrefix("2001:db8:900::/64"), "INVALID_ARGUMENT", "prefix"],
      ["a /64 of no pool", 8, (line: string) => line.replace('"sites"', '"lost"'), "INVALID_ARGUMENT", "poolId"],
      ["a /64 again", 9, withPrefix("2001:db8:100::/64"), "ALREADY_EXISTS", "prefix"],
      [
        "a /64 of another network",
        10,
        (line: string) => line.replace('"pooled"', '"lan"'),
        "INVALID_ARGUMENT",
        "holder.id",
      ],
    ] as const)(
      "refuse %s, name line and field, and take in nothing",
      async ([, number, change, code, field], { expect }) => {
        const lines = await linesOf(from)
        const changed = lines.map((line, index) => (index === number - 1 ? (change(line, lines) ?? "") : line))
        await expect(importLines(to, each(changed), newCall())).rejects.toMatchObject({
          code,
          field: expect.stringContaining(field),
          message: expect.stringMatching(new RegExp(`^line ${number}: `)),
          native: { line: number },
        })
        expect(await recordsOf(to)).toEqual([])
      },
    )

    it("refuse a network whose /64 its pool does not hold: another would be given it", async ({ expect }) => {
      const records = (await recordsOf(from)).filter((one) => one.record !== "prefix" || one.holder.kind === "claim")
      await expect(to.importRecords(each(records))).rejects.toMatchObject({ code: "INVALID_ARGUMENT", field: "prefix" })
      expect(await recordsOf(to)).toEqual([])
    })

    it("refuse lines that were cut off, or go on after the end", async ({ expect }) => {
      const lines = await linesOf(from)
      await expect(importLines(to, each(lines.slice(0, -1)), newCall())).rejects.toMatchObject({ code: "DATA_LOSS" })
      await expect(importLines(to, each(lines.slice(0, 9)), newCall())).rejects.toMatchObject({ code: "DATA_LOSS" })
      await expect(importLines(to, each([]), newCall())).rejects.toMatchObject({ code: "DATA_LOSS" })
      await expect(importLines(to, each([...lines, "{}"]), newCall())).rejects.toMatchObject({ field: "line" })
      const short = [...lines.slice(0, 8), ...lines.slice(9)]
      await expect(importLines(to, each(short), newCall())).rejects.toMatchObject({
        code: "DATA_LOSS",
        field: "records",
      })
      expect(await recordsOf(to)).toEqual([])
    })
  })
}

function withPrefix(prefix: string): (line: string) => string {
  return (line) => line.replace(/"prefix":"[^"]+"/, `"prefix":"${prefix}"`)
}

function withMacOf(mac: string): (line: string) => string {
  return (line) => line.replace(/"mac":"[^"]+","duid":"[^"]+"/, `"mac":"${mac}","duid":"00:03:00:01:${mac}"`)
}

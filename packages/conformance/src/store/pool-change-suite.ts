import { afterEach, beforeEach, describe, it } from "vitest"
import { parseIpv6Prefix, planPooledNetwork } from "@slash64/core"
import type { PooledNetworkPlan, Store } from "@slash64/core"
import { StoreBench, claim, network } from "./store-bench.ts"
import type { StoreSuiteOptions } from "./store-bench.ts"
import { all, edge64, pool } from "./pool-suite.ts"

const prefix = (text: string) => parseIpv6Prefix("prefix", text)

function pooled(change: object = {}, side: object = {}): PooledNetworkPlan {
  const ipv6 = { pool: "edge", gateway: "::1", range: "::10-::1f", ...side }
  return planPooledNetwork({ name: "blue", attachment: { kind: "isolated" }, ipv6, ...change })
}

/** Pools that change their size, and networks that are made from one. */
export function describePoolChanges(options: StoreSuiteOptions): void {
  let bench: StoreBench
  let store: Store

  beforeEach(async () => {
    bench = new StoreBench(options)
    store = await bench.open()
  })
  afterEach(() => bench.close())

  const claimMany = async (from: number, to: number): Promise<string[]> => {
    const given: string[] = []
    for (let number = from; number <= to; number++)
      given.push((await store.claimPrefix({ poolId: "edge", holder: `h-${number}` })).prefix)
    return given
  }
  const policies = ["stable", "sequential"] as const

  describe("resizing a pool", () => {
    it.for(policies)("grows about what is held, and fills to the last: %s", async (policy, { expect }) => {
      await store.createPool(pool({ policy, prefix: "2001:db8:100:4::/62", quarantineSeconds: 0 }))
      const before = await claimMany(1, 4)
      const grown = await store.resizePool("edge", prefix("2001:db8:100::/60"))
      expect(grown).toEqual(pool({ policy, quarantineSeconds: 0 }))
      expect(await store.resizePool("edge", prefix("2001:db8:100::/60"))).toEqual(grown)
      expect(await store.findPool("edge")).toEqual(grown)
      expect(await claimMany(1, 4)).toEqual(before)
      const after = await claimMany(5, 16)
      expect(new Set([...before, ...after]).size).toBe(16)
      expect(await store.countPrefixes("edge")).toEqual({ capacity: 16n, held: 16n, resting: 0n, free: 0n })
    })

    it.for(policies)("shrinks where nothing held is cut off: %s", async (policy, { expect }) => {
      await store.createPool(pool({ policy }))
      const kept = { poolId: "edge", holder: "h-1", prefix: edge64("5") }
      await store.claimPrefix(kept)
      await store.claimPrefix({ poolId: "edge", holder: "h-2", prefix: edge64("9") })
      await expect(store.resizePool("edge", prefix("2001:db8:100:4::/62"))).rejects.toMatchObject({
        code: "FAILED_PRECONDITION",
        field: "prefix",
        native: { held: "1" },
        message: expect.stringMatching(/2001:db8:100:9::\/64 of claim h-2/),
      })
      expect(await store.findPool("edge")).toEqual(pool({ policy }))
      await store.releasePrefix("edge", "h-2")
      await store.resizePool("edge", prefix("2001:db8:100:4::/62"))
      expect(await store.countPrefixes("edge")).toEqual({ capacity: 4n, held: 1n, resting: 0n, free: 3n })
      const rest = await claimMany(3, 5)
      expect([edge64("5"), ...rest].toSorted()).toEqual(all.slice(4, 8))
      await expect(claimMany(6, 6)).rejects.toMatchObject({ code: "RESOURCE_EXHAUSTED" })
    })

    it("grows again over what was cut off", async ({ expect }) => {
      await store.createPool(pool({ quarantineSeconds: 0 }))
      await store.resizePool("edge", prefix("2001:db8:100:8::/63"))
      await store.resizePool("edge", prefix("2001:db8:100:8::/61"))
      await store.resizePool("edge", prefix("2001:db8:100::/60"))
      expect((await claimMany(1, 16)).toSorted()).toEqual(all.toSorted())
    })

    it.for([
      ["a prefix beside it", "2001:db8:101::/60"],
      ["a longer one beside it", "2001:db8:100:10::/61"],
      ["a shorter one beside it", "2001:db8:200::/48"],
      ["a /64", "2001:db8:100::/64"],
      ["a /28", "2001:db0::/28"],
    ] as const)("refuses %s", async ([, wrong], { expect }) => {
      await store.createPool(pool())
      await expect(store.resizePool("edge", prefix(wrong))).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
        field: "prefix",
      })
      expect(await store.findPool("edge")).toEqual(pool())
    })

    it("does not grow over a network or another pool, but over networks of its own", async ({ expect }) => {
      await store.createPool(pool({ prefix: "2001:db8:100:4::/62" }))
      await store.createPooledNetwork(pooled())
      await store.createPool(pool({ name: "core", prefix: "2001:db8:100:8::/61" }))
      const grow = () => store.resizePool("edge", prefix("2001:db8:100::/60"))
      await expect(grow()).rejects.toMatchObject({
        code: "ALREADY_EXISTS",
        field: "prefix",
        message: expect.stringMatching(/core/),
      })
      await store.removePool("core")
      for (const group of ["0", "b"]) {
        const at = edge64(group)
        await store.createNetwork(
          network({ ipv6: { prefix: at, gateway: at.replace("::/64", "::1") }, ipv4: undefined }),
        )
        await expect(grow()).rejects.toMatchObject({
          code: "ALREADY_EXISTS",
          field: "prefix",
          message: expect.stringMatching(/lab/),
        })
        await store.removeNetwork("lab")
      }
      expect(await grow()).toMatchObject({ prefix: "2001:db8:100::/60" })
    })
  })

  describe("networks of a pool", () => {
    it("takes the /64 and makes the network on it, the same one when repeated", async ({ expect }) => {
      await store.createPool(pool({ id: "p-1", policy: "sequential" }))
      const made = await store.createPooledNetwork(pooled())
      expect(made).toMatchObject({
        id: "blue",
        ipv6: {
          prefix: "2001:db8:100::/64",
          pool: "p-1",
          gateway: "2001:db8:100::1",
          ranges: [{ start: "2001:db8:100::10", end: "2001:db8:100::1f" }],
        },
      })
      expect(await store.createPooledNetwork(pooled())).toEqual(made)
      expect(await store.createPooledNetwork(pooled({}, { pool: "p-1" }))).toEqual(made)
      expect(await store.createNetwork(made)).toEqual(made)
      expect(await store.findNetwork("blue")).toEqual(made)
      const second = await store.createPooledNetwork(pooled({ name: "red" }))
      expect(second).toMatchObject({ ipv6: { prefix: "2001:db8:100:1::/64" } })
      expect(await store.listPrefixes("p-1")).toMatchObject([
        { holder: { kind: "network", id: "blue" } },
        { holder: { kind: "network", id: "red" } },
      ])
      expect(await store.claimNic(claim(made, "nic-1"))).toMatchObject({
        ipv6: expect.stringMatching(/^2001:db8:100::1[0-9a-f]$/),
      })
    })

    it("keeps its pool through a change of its ranges", async ({ expect }) => {
      await store.createPool(pool({ policy: "sequential" }))
      await store.createPooledNetwork(pooled())
      const ipv6 = { addRanges: ["2001:db8:100::80-2001:db8:100::8f"] }
      const { network: changed } = await store.changeNetwork("blue", { ipv6 })
      expect(changed).toMatchObject({ ipv6: { pool: "edge", ranges: [{}, { start: "2001:db8:100::80" }] } })
      await store.removeNetwork("blue")
      expect(await store.countPrefixes("edge")).toMatchObject({ held: 0n, resting: 1n })
    })

    it("takes a requested /64 or none", async ({ expect }) => {
      await store.createPool(pool())
      const asked = pooled({}, { prefix: edge64("7"), gateway: "2001:db8:100:7::1" })
      expect(await store.createPooledNetwork(asked)).toMatchObject({ ipv6: { prefix: edge64("7") } })
      expect(await store.createPooledNetwork(asked)).toMatchObject({ ipv6: { prefix: edge64("7") } })
      const refused = { code: "ALREADY_EXISTS", field: "ipv6.prefix" }
      const second = { name: "red" }
      await expect(store.createPooledNetwork(pooled(second, { prefix: edge64("7") }))).rejects.toMatchObject(refused)
      await expect(store.createPooledNetwork(pooled(second, { prefix: "2001:db8:200::/64" }))).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
        field: "ipv6.prefix",
      })
      await expect(store.createPooledNetwork(pooled({}, { prefix: edge64("8") }))).rejects.toMatchObject({
        code: "ALREADY_EXISTS",
        field: "ipv6",
      })
      expect(await store.listPrefixes("edge")).toHaveLength(1)
    })

    it("takes nothing when the network cannot be", async ({ expect }) => {
      await store.createPool(pool({ policy: "sequential" }))
      const vlan = { attachment: { kind: "vlan", uplink: "eth0", vlan: 7 } }
      await store.createNetwork(network(vlan))
      await expect(store.createPooledNetwork(pooled(vlan))).rejects.toMatchObject({ field: "attachment" })
      await expect(store.createPooledNetwork(pooled({ id: "n-2", name: "lab" }))).rejects.toMatchObject({
        field: "name",
      })
      await expect(store.createPooledNetwork(pooled({ id: "lab", name: "lab" }))).rejects.toMatchObject({
        code: "ALREADY_EXISTS",
      })
      await expect(store.createPooledNetwork(pooled({}, { pool: "core" }))).rejects.toMatchObject({
        code: "NOT_FOUND",
        field: "ipv6.pool",
      })
      expect(await store.countPrefixes("edge")).toMatchObject({ held: 0n, resting: 0n })
      expect(await store.createPooledNetwork(pooled())).toMatchObject({ ipv6: { prefix: edge64("0") } })
    })

    it("gives the /64 back with the network, and it rests", async ({ expect }) => {
      await store.createPool(pool({ policy: "sequential" }))
      const made = await store.createPooledNetwork(pooled())
      await store.claimNic(claim(made, "nic-1"))
      await expect(store.removeNetwork("blue")).rejects.toMatchObject({ code: "FAILED_PRECONDITION" })
      expect(await store.countPrefixes("edge")).toMatchObject({ held: 1n })
      await store.markNic("nic-1", "leaving")
      await store.freeNic("nic-1")
      await expect(store.removePool("edge")).rejects.toMatchObject({ message: expect.stringMatching(/network blue/) })
      await store.removeNetwork("blue")
      await store.removeNetwork("blue")
      expect(await store.countPrefixes("edge")).toMatchObject({ held: 0n, resting: 1n })
      expect(await store.createPooledNetwork(pooled())).toEqual(made)
    })

    it("gives each of many that ask at once a /64 of its own", async ({ expect }) => {
      const [one, two] = [await bench.open(), await bench.open()]
      await store.createPool(pool())
      const asked = Array.from({ length: 20 }, (_, number) =>
        (number % 2 === 0 ? one : two).createPooledNetwork(pooled({ name: `n-${number}` })),
      )
      const results = await Promise.allSettled(asked)
      expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(16)
      const networks = await store.listNetworks()
      expect(new Set(networks.map(({ ipv6 }) => ipv6?.prefix)).size).toBe(16)
      expect((await store.listPrefixes("edge")).map((held) => held.prefix).toSorted()).toEqual(
        networks.map(({ ipv6 }) => String(ipv6?.prefix)).toSorted(),
      )
    })
  })
}

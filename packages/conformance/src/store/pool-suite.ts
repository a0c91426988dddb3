import { afterEach, beforeEach, describe, it } from "vitest"
import { parseIpv6Prefix, parsePrefix64, planPool } from "@slash64/core"
import type { Ipv6Prefix, PoolPrefix, Prefix64, PrefixPool, Store } from "@slash64/core"
import { StoreBench, network, otherNetwork } from "./store-bench.ts"
import type { StoreSuiteOptions } from "./store-bench.ts"

const policies = ["stable", "sequential"] as const

export function pool(change: object = {}): PrefixPool {
  return planPool({ name: "edge", prefix: "2001:db8:100::/60", quarantineSeconds: 600, ...change })
}

const prefix64 = (text: string): Prefix64 => parsePrefix64("prefix", text)
const prefix = (text: string): Ipv6Prefix => parseIpv6Prefix("prefix", text)
/** The /64s of `edge`, in hexadecimal. */
export const edge64 = (last: string): Prefix64 =>
  prefix64(last === "0" ? "2001:db8:100::/64" : `2001:db8:100:${last}::/64`)
/** All of them. */
export const all: readonly Prefix64[] = "0123456789abcdef".split("").map(edge64)
const inEdge = { name: "blue", ipv6: { prefix: "2001:db8:100:3::/64", gateway: "2001:db8:100:3::1" }, ipv4: undefined }

/** What two holders get in a store that is new. */
async function givenIn(bench: StoreBench, place: string, secret: number): Promise<Prefix64[]> {
  const fresh = await bench.open({ place, secret })
  await fresh.createPool(pool({ prefix: "2001:db8::/32" }))
  const claims = ["h-1", "h-2"].map((holder) => fresh.claimPrefix({ poolId: "edge", holder }))
  return (await Promise.all(claims)).map((claimed) => claimed.prefix)
}

export function describePools(options: StoreSuiteOptions): void {
  describe("pools", () => {
    let bench: StoreBench
    let store: Store

    beforeEach(async () => {
      bench = new StoreBench(options)
      store = await bench.open()
    })
    afterEach(() => bench.close())

    const claim = (holder: string, requested?: Prefix64): Promise<PoolPrefix> =>
      store.claimPrefix({ poolId: "edge", holder, ...(requested && { prefix: requested }) })
    const claimMany = async (from: number, to: number): Promise<Prefix64[]> => {
      const given: Prefix64[] = []
      for (let number = from; number <= to; number++) given.push((await claim(`h-${number}`)).prefix)
      return given
    }

    it("gives a pool back, by id and by name, here and in another handle", async ({ expect }) => {
      const made = pool({ id: "p-1" })
      expect(await store.createPool(made)).toEqual(made)
      expect(await store.createPool(made)).toEqual(made)
      const other = await bench.open()
      expect(await other.findPool("p-1")).toEqual(made)
      expect(await other.findPool("edge")).toEqual(made)
      expect(await other.findPool("core")).toBeUndefined()
      expect(await other.listPools()).toEqual([made])
    })

    it.for([
      ["prefix", pool({ prefix: "2001:db8:100::/61" })],
      ["policy", pool({ policy: "sequential" })],
      ["quarantineSeconds", pool({ quarantineSeconds: 0 })],
      ["name", pool({ id: "edge", name: "core" })],
    ] as const)("refuses the same id with another %s", async ([field, changed], { expect }) => {
      await store.createPool(pool())
      await expect(store.createPool(changed)).rejects.toMatchObject({ code: "ALREADY_EXISTS", field })
      expect(await store.listPools()).toEqual([pool()])
    })

    it.for([
      ["name", { id: "p-2", prefix: "2001:db8:200::/48" }],
      ["name", { id: "p-2", name: "p-1", prefix: "2001:db8:200::/48" }],
      ["id", { id: "edge", name: "core", prefix: "2001:db8:200::/48" }],
      ["prefix", { name: "core" }],
      ["prefix", { name: "core", prefix: "2001:db8:100:8::/61" }],
      ["prefix", { name: "core", prefix: "2001:db8::/29" }],
    ] as const)("refuses a pool whose %s is in another's way: %s", async ([field, change], { expect }) => {
      await store.createPool(pool({ id: "p-1" }))
      await expect(store.createPool(pool(change))).rejects.toMatchObject({ code: "ALREADY_EXISTS", field })
      expect(await store.listPools()).toHaveLength(1)
    })

    it.for(["2001:db8:100:3::/64", "2001:db8:100::/64", "2001:db8:100:f::/64"] as const)(
      "takes no pool about a network that is there, on whatever VLAN: %s",
      async (within, { expect }) => {
        const attachment = { kind: "vlan", uplink: "eth7", vlan: 7 }
        const gateway = within.replace("::/64", "::1")
        await store.createNetwork(network({ attachment, ipv6: { prefix: within, gateway }, ipv4: undefined }))
        await expect(store.createPool(pool())).rejects.toMatchObject({ code: "ALREADY_EXISTS", field: "prefix" })
        expect(await store.listPools()).toEqual([])
        await store.removeNetwork("lab")
        await store.createPool(pool())
      },
    )

    it("takes no network in a pool by hand, but one that names the pool", async ({ expect }) => {
      await store.createPool(pool())
      const byHand = network(inEdge)
      await expect(store.createNetwork(byHand)).rejects.toMatchObject({ code: "ALREADY_EXISTS", field: "ipv6.prefix" })
      const named = network({ ...inEdge, ipv6: { ...inEdge.ipv6, pool: "edge" } })
      expect(await store.createNetwork(named)).toEqual(named)
      expect(await store.createNetwork(named)).toEqual(named)
      expect(await store.listPrefixes("edge")).toEqual([
        { poolId: "edge", prefix: edge64("3"), holder: { kind: "network", id: "blue" } },
      ])
      await expect(claim("h-1", edge64("3"))).rejects.toMatchObject({ code: "ALREADY_EXISTS", field: "prefix" })
    })

    it.for(["2001:db8:ff:ffff::/64", "2001:db8:100:10::/64"])(
      "leaves a network just outside alone: %s",
      async (outside, { expect }) => {
        await store.createPool(pool())
        const gateway = outside.replace("::/64", "::1")
        await store.createNetwork(network({ ipv6: { prefix: outside, gateway }, ipv4: undefined }))
        expect(await store.listPrefixes("edge")).toEqual([])
      },
    )

    it.for(policies)("fills a pool to its last /64, then says how many there are: %s", async (policy, { expect }) => {
      await store.createPool(pool({ policy, quarantineSeconds: 0 }))
      const given = await claimMany(1, 16)
      expect(given.toSorted()).toEqual(all.toSorted())
      await expect(claim("h-17")).rejects.toMatchObject({
        code: "RESOURCE_EXHAUSTED",
        field: "pool",
        native: { capacity: "16", held: "16", resting: "0" },
      })
      expect(await store.countPrefixes("edge")).toEqual({ capacity: 16n, held: 16n, resting: 0n, free: 0n })
      await store.releasePrefix("edge", "h-5")
      expect((await claim("h-17")).prefix).toBe(given[4])
    })

    it.for(policies)("gives the same holder its /64 again: %s", async (policy, { expect }) => {
      await store.createPool(pool({ policy }))
      const first = await claim("h-1")
      expect(first).toMatchObject({ poolId: "edge", holder: { kind: "claim", id: "h-1" } })
      expect(await claim("h-1")).toEqual(first)
      expect(await claim("h-1", first.prefix)).toEqual(first)
      const other = edge64(first.prefix === edge64("7") ? "8" : "7")
      await expect(claim("h-1", other)).rejects.toMatchObject({ code: "ALREADY_EXISTS", field: "prefix" })
      expect(await store.listPrefixes("edge")).toEqual([first])
    })

    it("goes on from the last one in policy sequential, and comes round", async ({ expect }) => {
      await store.createPool(pool({ policy: "sequential", prefix: "2001:db8:100::/62", quarantineSeconds: 0 }))
      expect(await claimMany(1, 3)).toEqual([edge64("0"), edge64("1"), edge64("2")])
      await store.releasePrefix("edge", "h-1")
      await store.releasePrefix("edge", "h-3")
      expect(await claimMany(4, 6)).toEqual([edge64("3"), edge64("0"), edge64("2")])
    })

    it("passes over what was requested", async ({ expect }) => {
      await store.createPool(pool({ policy: "sequential" }))
      expect((await claim("h-9", edge64("1"))).prefix).toBe(edge64("1"))
      expect(await claimMany(1, 2)).toEqual([edge64("0"), edge64("2")])
    })

    it.for(policies)(
      "lets a released /64 rest, but not from the holder that had it: %s",
      async (policy, { expect }) => {
        await store.createPool(pool({ policy, prefix: "2001:db8:100::/63" }))
        const [one, two] = await claimMany(1, 2)
        await store.releasePrefix("edge", "h-1")
        await store.releasePrefix("edge", "h-1")
        expect(await store.countPrefixes("edge")).toEqual({ capacity: 2n, held: 1n, resting: 1n, free: 0n })
        await expect(claim("h-3")).rejects.toMatchObject({ code: "RESOURCE_EXHAUSTED", native: { resting: "1" } })
        await expect(claim("h-3", one)).rejects.toMatchObject({ code: "FAILED_PRECONDITION", field: "prefix" })
        await expect(claim("h-3", two)).rejects.toMatchObject({ code: "ALREADY_EXISTS" })
        expect((await claim("h-1")).prefix).toBe(one)
        await store.releasePrefix("edge", "h-1")
        bench.now += 599_000
        await expect(claim("h-3")).rejects.toMatchObject({ code: "RESOURCE_EXHAUSTED" })
        bench.now += 1000
        expect(await store.countPrefixes("edge")).toMatchObject({ resting: 0n, free: 1n })
        expect((await claim("h-3", one)).prefix).toBe(one)
      },
    )

    it("gives the same /64s after the store was lost, with the same secret only", async ({ expect }) => {
      const first = await givenIn(bench, "-a", 7)
      expect(await givenIn(bench, "-b", 7)).toEqual(first)
      expect(await givenIn(bench, "-c", 8)).not.toEqual(first)
    })

    it("tells a network and a claim of the same id apart", async ({ expect }) => {
      await store.createPool(pool())
      await store.createNetwork(network({ ...inEdge, ipv6: { ...inEdge.ipv6, pool: "edge" } }))
      expect((await claim("blue")).prefix).not.toBe(edge64("3"))
      await store.releasePrefix("edge", "blue")
      expect(await store.listPrefixes("edge")).toMatchObject([{ holder: { kind: "network", id: "blue" } }])
    })

    it("refuses what is not in the pool, and a pool that is not there", async ({ expect }) => {
      await store.createPool(pool())
      await expect(claim("h-1", prefix64("2001:db8:100:10::/64"))).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
        field: "prefix",
      })
      const missing = { code: "NOT_FOUND", field: "poolId" }
      await expect(store.claimPrefix({ poolId: "core", holder: "h-1" })).rejects.toMatchObject(missing)
      await expect(store.countPrefixes("core")).rejects.toMatchObject(missing)
      await expect(store.listPrefixes("core")).rejects.toMatchObject(missing)
      await expect(store.resizePool("core", prefix("2001:db8::/48"))).rejects.toMatchObject(missing)
      await store.releasePrefix("core", "h-1")
      await store.removePool("core")
    })

    it("lists by page, in rising order", async ({ expect }) => {
      await store.createPool(pool({ prefix: "2001:db8:100::/48" }))
      const given = (await claimMany(1, 7)).toSorted((a, b) => groupOf(a) - groupOf(b))
      const pages: Prefix64[][] = []
      let page = await store.listPrefixes("edge", { limit: 3 })
      while (page.length > 0) {
        pages.push(page.map((held) => held.prefix))
        const after = page.at(-1)?.prefix
        page = await store.listPrefixes("edge", { limit: 3, ...(after && { after }) })
      }
      expect(pages.map(({ length }) => length)).toEqual([3, 3, 1])
      expect(pages.flat()).toEqual(given)
      for (const limit of [0, 100_001, 1.5])
        await expect(store.listPrefixes("edge", { limit })).rejects.toMatchObject({
          code: "INVALID_ARGUMENT",
          field: "limit",
        })
    })

    it.for([
      ["2001:db8::/29", 1n << 35n],
      ["2001:db8::/63", 2n],
      ["8000::/29", 1n << 35n],
      ["7fff:fff8::/29", 1n << 35n],
      ["64:ff98::/29", 1n << 35n],
    ] as const)("takes %s, and counts it exactly", async ([whole, capacity], { expect }) => {
      await store.createPool(pool({ prefix: whole, quarantineSeconds: 0 }))
      expect(await store.countPrefixes("edge")).toEqual({ capacity, held: 0n, resting: 0n, free: capacity })
      const [first, other] = await claimMany(1, 2)
      expect(first).not.toBe(other)
      expect(await store.countPrefixes("edge")).toMatchObject({ held: 2n, free: capacity - 2n })
      expect((await store.listPrefixes("edge")).map((held) => held.prefix)).toHaveLength(2)
    })

    it("gives nobody the /64 of another when many ask at once through two handles", async ({ expect }) => {
      const [one, two] = [await bench.open(), await bench.open()]
      await store.createPool(pool({ prefix: "2001:db8:100::/59" }))
      const asked = Array.from({ length: 40 }, (_, number) =>
        (number % 2 === 0 ? one : two).claimPrefix({ poolId: "edge", holder: `h-${number}` }),
      )
      const results = await Promise.allSettled(asked)
      expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(32)
      expect(new Set((await store.listPrefixes("edge")).map((held) => held.prefix)).size).toBe(32)
    })

    it("removes a pool of which nothing is held", async ({ expect }) => {
      await store.createPool(pool())
      await claim("h-1")
      await expect(store.removePool("edge")).rejects.toMatchObject({
        code: "FAILED_PRECONDITION",
        field: "poolId",
        native: { held: "1" },
        message: expect.stringContaining("claim h-1"),
      })
      await store.releasePrefix("edge", "h-1")
      await store.removePool("edge")
      expect(await store.listPools()).toEqual([])
      await store.createNetwork(network(inEdge))
      await store.createNetwork(otherNetwork())
    })
  })
}

function groupOf(held: Prefix64): number {
  return Number.parseInt(held.split(":")[3] ?? "0", 16) || 0
}

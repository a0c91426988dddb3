import { afterEach, beforeEach, describe, it } from "vitest"
import { parseIpv6Address } from "@slash64/core"
import type { Nic, SharedNetwork, Store } from "@slash64/core"
import { StoreBench, claim, network, otherNetwork } from "./store-bench.ts"
import type { StoreSuiteOptions } from "./store-bench.ts"

/** Ten addresses for guests beside gateway and router VM. */
const ten = { prefix: "2001:db8::/64", gateway: "2001:db8::1", range: "2001:db8::1-2001:db8::c" }
const four = { prefix: "192.0.2.0/24", gateway: "192.0.2.1", range: "192.0.2.1-192.0.2.12" }
const policies = ["stable", "sequential", "random"] as const

/** MACs that follow one another, whose EUI-64 addresses end in ff:fe00:1001 and so on. */
function macs(from: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `02:00:00:00:10:${(from + index).toString(16).padStart(2, "0")}`)
}

/** What two NICs get in a store that is new. */
async function addressesIn(bench: StoreBench, place: string, secret: number): Promise<unknown> {
  const fresh = await bench.open({ place, secret })
  await fresh.createNetwork(network())
  const nics = [await fresh.claimNic(claim(network(), "nic-1")), await fresh.claimNic(claim(network(), "nic-2"))]
  return nics.map(({ ipv6, ipv4 }) => [ipv6, ipv4])
}

export function describeAddresses(options: StoreSuiteOptions): void {
  describe("addresses", () => {
    let bench: StoreBench
    let store: Store

    beforeEach(async () => {
      bench = new StoreBench(options)
      store = await bench.open()
    })
    afterEach(() => bench.close())

    const claimMany = async (on: SharedNetwork, from: number, to: number): Promise<Nic[]> => {
      const nics: Nic[] = []
      for (let number = from; number <= to; number++) nics.push(await store.claimNic(claim(on, `nic-${number}`)))
      return nics
    }
    const free = async (id: string) => {
      await store.markNic(id, "leaving")
      await store.freeNic(id)
    }

    it.for(policies)(
      "fills a small range to its last address, then says how many there are: %s",
      async (policy, { expect }) => {
        const small = network({ ipv6: ten, ipv4: undefined, policy, quarantineSeconds: 0 })
        await store.createNetwork(small)
        const nics = await claimMany(small, 1, 10)
        expect(new Set(nics.map(({ ipv6 }) => ipv6)).size).toBe(10)
        expect(nics.map(({ ipv6 }) => Number.parseInt(ipv6?.slice(10) ?? "", 16)).toSorted((a, b) => a - b)).toEqual([
          3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
        ])
        await expect(store.claimNic(claim(small, "nic-11"))).rejects.toMatchObject({
          code: "RESOURCE_EXHAUSTED",
          field: "ipv6",
          native: { capacity: "10", held: "10", resting: "0" },
        })
        expect(await store.countAddresses("lab")).toEqual({
          ipv6: { capacity: 10n, held: 10n, resting: 0n, free: 0n, heldExcluded: 0n },
        })
        await free("nic-4")
        expect(await store.claimNic(claim(small, "nic-11"))).toMatchObject({ ipv6: nics[3]?.ipv6 })
      },
    )

    it.for(policies)("claims nothing when one of two families is exhausted: %s", async (policy, { expect }) => {
      const small = network({ ipv4: { ...four, range: "192.0.2.1-192.0.2.3" }, policy })
      await store.createNetwork(small)
      await store.claimNic(claim(small, "nic-1"))
      await expect(store.claimNic(claim(small, "nic-2"))).rejects.toMatchObject({
        code: "RESOURCE_EXHAUSTED",
        field: "ipv4",
      })
      expect(await store.countAddresses("lab")).toMatchObject({ ipv6: { held: 1n }, ipv4: { held: 1n, free: 0n } })
      expect(await store.readNetwork("lab")).toMatchObject({ revision: 2 })
    })

    it.for(policies)(
      "lets a released address rest, but not from the NIC that had it: %s",
      async (policy, { expect }) => {
        const small = network({
          ipv6: { ...ten, range: "2001:db8::1-2001:db8::3" },
          ipv4: { ...four, range: "192.0.2.1-192.0.2.3" },
          policy,
        })
        await store.createNetwork(small)
        const [nic] = await claimMany(small, 1, 1)
        await free("nic-1")
        expect(await store.countAddresses("lab")).toMatchObject({ ipv6: { held: 0n, resting: 1n, free: 0n } })
        await expect(store.claimNic(claim(small, "nic-2"))).rejects.toMatchObject({
          code: "RESOURCE_EXHAUSTED",
          native: { capacity: "1", held: "0", resting: "1" },
        })
        await expect(store.claimNic(claim(small, "nic-2", { requestedIpv6: nic?.ipv6 }))).rejects.toMatchObject({
          code: "FAILED_PRECONDITION",
          field: "requestedIpv6",
        })
        expect(
          await store.claimNic(claim(small, "nic-1", { requestedIpv6: nic?.ipv6, requestedIpv4: nic?.ipv4 })),
        ).toEqual(nic)
        await free("nic-1")
        bench.now += 599_000
        await expect(store.claimNic(claim(small, "nic-2"))).rejects.toMatchObject({ code: "RESOURCE_EXHAUSTED" })
        bench.now += 1000
        expect(await store.countAddresses("lab")).toMatchObject({
          ipv6: { resting: 0n, free: 1n },
          ipv4: { resting: 0n, free: 1n },
        })
        expect(await store.claimNic(claim(small, "nic-2"))).toMatchObject({ ipv6: nic?.ipv6, ipv4: nic?.ipv4 })
      },
    )

    it.for(policies)("gives a NIC its addresses back while they rest: %s", async (policy, { expect }) => {
      const made = network({ policy })
      await store.createNetwork(made)
      const [nic] = await claimMany(made, 1, 1)
      await free("nic-1")
      await claimMany(made, 2, 2)
      expect(await store.claimNic(claim(made, "nic-1"))).toEqual(nic)
    })

    it("fills a small range to its last address, then says how many there are: eui64", async ({ expect }) => {
      const ipv6 = { ...ten, router: "2001:db8::2", range: "2001:db8::ff:fe00:1001-2001:db8::ff:fe00:100a" }
      const small = network({ ipv6, ipv4: undefined, policy: "eui64", quarantineSeconds: 0 })
      await store.createNetwork(small)
      // Their reversed order, so that an address which follows from anything but the MAC would not fit.
      for (const [index, mac] of macs(1, 10).toReversed().entries()) {
        const nic = await store.claimNic(claim(small, `nic-${index}`, { mac }))
        expect(nic.ipv6).toBe(`2001:db8::ff:fe00:10${mac.slice(-2)}`)
      }
      await expect(store.claimNic(claim(small, "nic-11", { mac: "02:00:00:00:20:01" }))).rejects.toMatchObject({
        code: "RESOURCE_EXHAUSTED",
        field: "ipv6",
        native: { capacity: "10", held: "10", resting: "0" },
      })
    })

    it("gives the address of the MAC or says what to do, and IPv4 as stable: eui64", async ({ expect }) => {
      const ipv6 = { ...ten, router: "2001:db8::2", range: "2001:db8::ff:fe00:1001-2001:db8::ff:fe00:100a" }
      const made = network({ ipv6, policy: "eui64" })
      await store.createNetwork(made)
      const [first, second, third] = macs(1, 3)
      const nic = await store.claimNic(claim(made, "nic-1", { mac: first }))
      expect(nic).toMatchObject({ ipv6: "2001:db8::ff:fe00:1001" })
      await expect(store.claimNic(claim(made, "nic-2", { mac: "02:00:00:00:20:01" }))).rejects.toMatchObject({
        code: "FAILED_PRECONDITION",
        field: "mac",
        message: expect.stringContaining("2001:db8::ff:fe00:2001"),
        hint: expect.stringContaining("add a range"),
      })
      await store.claimNic(claim(made, "nic-3", { mac: third, requestedIpv6: "2001:db8::ff:fe00:1002" }))
      await expect(store.claimNic(claim(made, "nic-2", { mac: second }))).rejects.toMatchObject({
        code: "ALREADY_EXISTS",
        field: "mac",
        message: expect.stringContaining("nic-3"),
      })
      await free("nic-3")
      await expect(store.claimNic(claim(made, "nic-2", { mac: second }))).rejects.toMatchObject({
        code: "FAILED_PRECONDITION",
        field: "mac",
      })
      expect(await store.listNics()).toEqual([nic])
      await free("nic-1")
      // What rests is its own, yet another MAC has another address; the IPv4 address comes back.
      expect(await store.claimNic(claim(made, "nic-1", { mac: macs(9, 1)[0] }))).toMatchObject({
        ipv6: "2001:db8::ff:fe00:1009",
        ipv4: nic.ipv4,
      })
      const plain = network({ ...made, id: "plain", name: "plain", policy: "stable", ipv6: undefined })
      const fresh = await bench.open({ place: "-plain" })
      await fresh.createNetwork({ ...plain, id: "lab" })
      expect(await fresh.claimNic({ ...claim(plain, "nic-1"), networkId: "lab" })).toMatchObject({ ipv4: nic.ipv4 })
    })

    it("gives the same addresses after the store was lost, with the same secret only", async ({ expect }) => {
      const first = await addressesIn(bench, "-a", 7)
      expect(await addressesIn(bench, "-b", 7)).toEqual(first)
      expect(await addressesIn(bench, "-c", 8)).not.toEqual(first)
    })

    it.for([
      ["a whole /64", "2001:db8::1-2001:db8::ffff:ffff:ffff:ff7f"],
      ["4096 addresses", "2001:db8::1000-2001:db8::1fff"],
      ["100 addresses", "2001:db8::100-2001:db8::163"],
    ] as const)(
      "moves no NIC by an exclusion that it is not in, after the store was lost: %s",
      async ([, range], { expect }) => {
        const made = network({ ipv6: { ...ten, range } })
        const claimAll = async (place: string, exclude: readonly (string | undefined)[]) => {
          const fresh = await bench.open({ place })
          await fresh.createNetwork(made)
          await fresh.changeNetwork("lab", { ipv6: { exclude: exclude.map(String) } })
          const nics: Nic[] = []
          // Each alone, so that none is in another's way.
          for (let number = 1; number <= 12; number++) {
            nics.push(await fresh.claimNic(claim(made, `nic-${number}`)))
            await fresh.markNic(`nic-${number}`, "leaving")
            await fresh.freeNic(`nic-${number}`)
            bench.now += 601_000
          }
          return nics.map(({ ipv6 }) => ipv6)
        }
        const before = await claimAll("-a", [])
        const excluded = before.slice(0, 2)
        const after = await claimAll("-b", excluded)
        expect(after.filter((address) => excluded.includes(address))).toEqual([])
        // In 100 addresses two NICs may have the same one at first.
        const stayed = before.map((address, index) => excluded.includes(address) || after[index] === address)
        expect(stayed).toEqual(before.map(() => true))
      },
    )

    it("goes on from the last one in policy sequential, and comes round", async ({ expect }) => {
      const small = network({ ipv6: ten, ipv4: four, policy: "sequential", quarantineSeconds: 0 })
      await store.createNetwork(small)
      const nics = await claimMany(small, 1, 3)
      expect(nics.map(({ ipv6 }) => ipv6)).toEqual(["2001:db8::3", "2001:db8::4", "2001:db8::5"])
      expect(nics.map(({ ipv4 }) => ipv4)).toEqual(["192.0.2.3", "192.0.2.4", "192.0.2.5"])
      await free("nic-3")
      expect(await store.claimNic(claim(small, "nic-3"))).toMatchObject({ ipv6: "2001:db8::6", ipv4: "192.0.2.6" })
      await free("nic-1")
      expect((await claimMany(small, 4, 9)).at(-1)).toMatchObject({ ipv6: "2001:db8::c", ipv4: "192.0.2.12" })
      expect(await store.claimNic(claim(small, "nic-10"))).toMatchObject({ ipv6: "2001:db8::3", ipv4: "192.0.2.3" })
    })

    it("does not go back in policy sequential when a NIC gets its own address back", async ({ expect }) => {
      const made = network({ policy: "sequential", ipv4: undefined })
      await store.createNetwork(made)
      await claimMany(made, 1, 3)
      await free("nic-1")
      await free("nic-2")
      expect(await store.claimNic(claim(made, "nic-1"))).toMatchObject({ ipv6: "2001:db8::3" })
      bench.now += 600_000
      expect(await store.claimNic(claim(made, "nic-4"))).toMatchObject({ ipv6: "2001:db8::6" })
    })

    it("passes over what was requested", async ({ expect }) => {
      const small = network({ ipv6: ten, ipv4: undefined, policy: "sequential" })
      await store.createNetwork(small)
      await store.claimNic(claim(small, "nic-9", { requestedIpv6: "2001:db8::4" }))
      const nics = await claimMany(small, 1, 2)
      expect(nics.map(({ ipv6 }) => ipv6)).toEqual(["2001:db8::3", "2001:db8::5"])
    })

    it("never hands out gateway, router VM or reserved identifiers", async ({ expect }) => {
      const range = "2001:db8::fdff:ffff:ffff:ff7e-2001:db8::fe00:0:0:1"
      const edge = network({
        ipv6: { ...ten, gateway: "2001:db8::fe00:0:0:0", router: "2001:db8::fdff:ffff:ffff:ff7f", range },
        ipv4: undefined,
      })
      await store.createNetwork(edge)
      const nics = await claimMany(edge, 1, 2)
      expect(new Set(nics.map(({ ipv6 }) => ipv6))).toEqual(
        new Set(["2001:db8::fdff:ffff:ffff:ff7e", "2001:db8::fe00:0:0:1"]),
      )
      await expect(store.claimNic(claim(edge, "nic-3"))).rejects.toMatchObject({ code: "RESOURCE_EXHAUSTED" })
    })

    it.for([
      [
        "a range across the half of the interface identifiers",
        "2001:db8::/64",
        "2001:db8::7fff:ffff:ffff:ffff",
        "2001:db8::8000:0:0:1",
        3n,
      ],
      ["a prefix above 8000::", "8000::/64", "8000::5", "8000::7", 3n],
      [
        "the last prefix below 8000::",
        "7fff:ffff:ffff:ffff::/64",
        "7fff:ffff:ffff:ffff::5",
        "7fff:ffff:ffff:ffff::5",
        1n,
      ],
      ["a prefix whose first byte is 00", "64:ff9b::/64", "64:ff9b::ffff:c000:201", "64:ff9b::ffff:c000:203", 3n],
      ["a prefix that looks like IPv4-mapped", "0:0:0:ffff::/64", "0:0:0:ffff::c000:201", "0:0:0:ffff::c000:202", 2n],
      [
        "identifiers that look like IPv4-mapped",
        "2001:db8::/64",
        "2001:db8::ffff:c000:201",
        "2001:db8::ffff:c000:202",
        2n,
      ],
      [
        "the last address before the reserved end",
        "2001:db8::/64",
        "2001:db8::ffff:ffff:ffff:ff7f",
        "2001:db8::ffff:ffff:ffff:ffff",
        1n,
      ],
    ] as const)("takes %s", async ([, prefix, start, end, count], { expect }) => {
      const gateway = prefix.replace("::/64", "::1")
      const router = prefix.replace("::/64", "::2")
      const edge = network({ ipv6: { prefix, gateway, router, range: { start, end } } })
      await store.createNetwork(edge)
      expect(await store.countAddresses("lab")).toMatchObject({ ipv6: { capacity: count, free: count } })
      const nics = await claimMany(edge, 1, Number(count))
      expect(nics.map(({ ipv6 }) => ipv6)).toContain(parseIpv6Address("start", start))
      expect(await store.listNics()).toEqual(nics)
      expect(await store.countAddresses("lab")).toMatchObject({ ipv6: { held: count, free: 0n } })
    })

    it("counts 64 bits and more exactly", async ({ expect }) => {
      await store.createNetwork(otherNetwork())
      await claimMany(otherNetwork(), 1, 3)
      const capacity = (1n << 64n) - 1n - (1n << 24n) - 128n - 128n - 2n
      expect(await store.countAddresses("lan")).toEqual({
        ipv6: { capacity, held: 3n, resting: 0n, free: capacity - 3n, heldExcluded: 0n },
      })
    })

    it.for(policies)(
      "gives nobody the address of another when many ask at once through two handles: %s",
      async (policy, { expect }) => {
        const [one, two] = [await bench.open(), await bench.open()]
        const small = network({ ipv6: { ...ten, range: "2001:db8::1-2001:db8::34" }, policy })
        await store.createNetwork(small)
        const asked = Array.from({ length: 60 }, (_, number) =>
          (number % 2 === 0 ? one : two).claimNic(claim(small, `nic-${number}`)),
        )
        const results = await Promise.allSettled(asked)
        const held = (await store.listNics()).map(({ ipv6 }) => ipv6)
        expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(50)
        expect(new Set(held).size).toBe(50)
      },
    )
  })
}

import { afterEach, beforeEach, describe, it } from "vitest"
import { keepingMost } from "@slash64/core"
import type { NetworkChange, Nic, Store } from "@slash64/core"
import { StoreBench, claim, network, otherNetwork } from "./store-bench.ts"
import type { StoreSuiteOptions } from "./store-bench.ts"

/** Two addresses for guests: ::3 and ::4, and 192.0.2.3 and .4. */
const small = network({
  ipv6: { prefix: "2001:db8::/64", gateway: "2001:db8::1", range: "2001:db8::1-2001:db8::4" },
  ipv4: { prefix: "192.0.2.0/24", gateway: "192.0.2.1", range: "192.0.2.1-192.0.2.4" },
})

/** Within a network whose addresses are one after the other. */
function placeOf({ ipv6 }: Nic): number {
  return Number.parseInt(ipv6?.split(":").at(-1) ?? "", 16)
}

export function describeNetworkChanges(options: StoreSuiteOptions): void {
  describe("changes of a network in use", () => {
    let bench: StoreBench
    let store: Store

    beforeEach(async () => {
      bench = new StoreBench(options)
      store = await bench.open()
      await store.createNetwork(small)
    })
    afterEach(() => bench.close())

    const revision = async () => (await store.readNetwork("lab"))?.revision ?? 0
    const free = async (id: string) => {
      await store.markNic(id, "leaving")
      await store.freeNic(id)
    }

    it("hands out a range that was added, here and in another handle", async ({ expect }) => {
      const other = await bench.open()
      for (const id of ["nic-1", "nic-2"]) await store.claimNic(claim(small, id))
      await expect(other.claimNic(claim(small, "nic-3"))).rejects.toMatchObject({ code: "RESOURCE_EXHAUSTED" })
      const { network: changed, keeping } = await store.changeNetwork("lab", {
        ipv6: { addRanges: ["2001:db8::8000:0:0:0"] },
        ipv4: { addRanges: [{ start: "192.0.2.5", end: "192.0.2.9" }] },
      })
      expect(changed.ipv6?.ranges).toEqual([
        { start: "2001:db8::1", end: "2001:db8::4" },
        { start: "2001:db8:0:0:8000::", end: "2001:db8:0:0:8000::" },
      ])
      expect(changed.ipv4?.ranges).toEqual([{ start: "192.0.2.1", end: "192.0.2.9" }])
      expect(keeping).toEqual([])
      expect(await other.findNetwork("lab")).toEqual(changed)
      expect(await other.claimNic(claim(changed, "nic-3"))).toMatchObject({ ipv6: "2001:db8:0:0:8000::" })
      expect(await other.countAddresses("lab")).toMatchObject({
        ipv6: { capacity: 3n, held: 3n, free: 0n },
        ipv4: { capacity: 7n, held: 3n, free: 4n },
      })
    })

    it("gives nobody an excluded address, but leaves it to the NIC that has it, and says so", async ({ expect }) => {
      const nic = await store.claimNic(claim(small, "nic-1", { requestedIpv6: "2001:db8::3" }))
      const { keeping } = await store.changeNetwork("lab", { ipv6: { exclude: ["2001:db8::3-2001:db8::ff"] } })
      expect(keeping).toEqual([nic])
      expect(await store.findNic("nic-1")).toEqual(nic)
      expect(await store.claimNic(claim(small, "nic-1", { requestedIpv6: "2001:db8::3" }))).toEqual(nic)
      expect(await store.countAddresses("lab")).toMatchObject({
        ipv6: { capacity: 0n, held: 0n, resting: 0n, free: 0n, heldExcluded: 1n },
        ipv4: { capacity: 2n, held: 1n, heldExcluded: 0n },
      })
      await expect(store.claimNic(claim(small, "nic-2"))).rejects.toMatchObject({
        code: "RESOURCE_EXHAUSTED",
        field: "ipv6",
        native: { capacity: "0", held: "0", resting: "0" },
      })
      await expect(store.claimNic(claim(small, "nic-2", { requestedIpv6: "2001:db8::4" }))).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
        field: "requestedIpv6",
      })
    })

    it("gives an excluded address back to nobody, not to the NIC that had it", async ({ expect }) => {
      await store.claimNic(claim(small, "nic-1", { requestedIpv6: "2001:db8::3" }))
      await store.changeNetwork("lab", { ipv6: { exclude: ["2001:db8::3"] } })
      await free("nic-1")
      expect(await store.claimNic(claim(small, "nic-1"))).toMatchObject({ ipv6: "2001:db8::4" })
      expect(await store.countAddresses("lab")).toMatchObject({
        ipv6: { capacity: 1n, held: 1n, resting: 0n, heldExcluded: 0n },
      })
    })

    it("hands out again what is excluded no more, a part of an exclusion too", async ({ expect }) => {
      await store.changeNetwork("lab", {
        ipv6: { exclude: ["2001:db8::-2001:db8::ffff"] },
        ipv4: { exclude: ["192.0.2.4"] },
      })
      const { network: changed } = await store.changeNetwork("lab", {
        ipv6: { unexclude: ["2001:db8::4", "2001:db8::1:0"] },
        ipv4: { unexclude: ["192.0.2.0-192.0.2.255"] },
      })
      expect(changed.ipv6?.exclusions).toEqual([
        { start: "2001:db8::", end: "2001:db8::3" },
        { start: "2001:db8::5", end: "2001:db8::ffff" },
      ])
      expect(changed.ipv4?.exclusions).toEqual([])
      expect(await store.claimNic(claim(small, "nic-1"))).toMatchObject({ ipv6: "2001:db8::4" })
    })

    it("rests for the quarantine that the network has when an address is released", async ({ expect }) => {
      for (const id of ["nic-1", "nic-2"]) await store.claimNic(claim(small, id))
      await free("nic-1")
      expect(await store.changeNetwork("lab", { quarantineSeconds: 0 })).toMatchObject({
        network: { quarantineSeconds: 0 },
      })
      await free("nic-2")
      expect(await store.countAddresses("lab")).toMatchObject({ ipv6: { held: 0n, resting: 1n, free: 1n } })
    })

    it.for<NetworkChange>([
      {},
      { quarantineSeconds: 600 },
      { ipv6: { addRanges: ["2001:db8::2-2001:db8::3"] } },
      { ipv6: { unexclude: ["2001:db8::3"] } },
      { ipv6: {}, ipv4: { exclude: [], unexclude: [] } },
    ])("changes nothing by %j, and raises no revision", async (change, { expect }) => {
      expect(await store.changeNetwork("lab", change)).toEqual({ network: small, keeping: [] })
      expect(await revision()).toBe(1)
    })

    it("raises the revision once for a change, however often it is asked", async ({ expect }) => {
      const change = {
        ipv6: { addRanges: ["2001:db8::10"], exclude: ["2001:db8::3"] },
        ipv4: { exclude: ["192.0.2.3"] },
        quarantineSeconds: 7,
      }
      const changed = await store.changeNetwork("lab", change)
      expect(await revision()).toBe(2)
      expect(await store.changeNetwork("lab", change)).toEqual(changed)
      expect(await revision()).toBe(2)
      await store.changeNetwork("lab", { ipv6: { unexclude: ["2001:db8::3"] } })
      expect(await revision()).toBe(3)
    })

    it.for([
      ["networkId", "NOT_FOUND", "lan", { quarantineSeconds: 7 }],
      ["ipv6.exclude.1", "INVALID_ARGUMENT", "lab", { ipv6: { exclude: ["2001:db8::3", "2001:db8::4-x-y"] } }],
      ["quarantineSeconds", "INVALID_ARGUMENT", "lab", { ipv6: { exclude: ["2001:db8::3"] }, quarantineSeconds: -1 }],
    ] as const)("refuses a wrong %s, and changes nothing", async ([field, code, id, change], { expect }) => {
      await expect(store.changeNetwork(id, change)).rejects.toMatchObject({ code, field })
      expect(await store.findNetwork("lab")).toEqual(small)
      expect(await revision()).toBe(1)
    })

    it("loses no change when many are made at once through two handles", async ({ expect }) => {
      const [one, two] = [await bench.open(), await bench.open()]
      const numbers = Array.from({ length: 12 }, (_, index) => index)
      const addresses = numbers.map((number) => `2001:db8::${(256 + 2 * number).toString(16)}`)
      await Promise.all(
        addresses.map((address, number) =>
          (number % 2 === 0 ? one : two).changeNetwork("lab", { ipv6: { exclude: [address] } }),
        ),
      )
      const exclusions = (await store.findNetwork("lab"))?.ipv6?.exclusions ?? []
      expect(exclusions.map(({ start }) => start)).toEqual(addresses)
      expect(await revision()).toBeGreaterThan(1)
    })

    it("names no more than the first NICs that keep an excluded address, and counts them all", async ({ expect }) => {
      const wide = otherNetwork({ policy: "sequential" })
      await store.createNetwork(wide)
      const made = await Promise.all(
        Array.from({ length: keepingMost + 5 }, (_, number) => store.claimNic(claim(wide, `nic-${number}`))),
      )
      const { keeping } = await store.changeNetwork("lan", { ipv6: { exclude: ["2001:db8:1::-2001:db8:1::ffff"] } })
      const lowest = made.toSorted((a, b) => placeOf(a) - placeOf(b)).slice(0, keepingMost)
      expect(keeping).toEqual(lowest)
      expect(await store.countAddresses("lan")).toMatchObject({
        ipv6: { held: 0n, heldExcluded: BigInt(keepingMost + 5) },
      })
    })
  })
}

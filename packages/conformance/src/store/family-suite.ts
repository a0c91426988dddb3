import { afterEach, beforeEach, describe, it } from "vitest"
import { planPool } from "@slash64/core"
import type { AddressPolicy, Store } from "@slash64/core"
import { addition, capacity, detach, directions, oneFamily, sides, two } from "./family-place.ts"
import { StoreBench, claim, network, otherNetwork } from "./store-bench.ts"
import type { StoreSuiteOptions } from "./store-bench.ts"

/** A family that is added to a network in use. */
export function describeFamilies(options: StoreSuiteOptions): void {
  describe("a family that is added to a network in use", () => {
    let bench: StoreBench
    let store: Store

    beforeEach(async () => {
      bench = new StoreBench(options)
      store = await bench.open()
    })
    afterEach(() => bench.close())

    const revision = async () => (await store.readNetwork("lab"))?.revision ?? 0

    describe.for(directions)("$added to $had", ({ had, added }) => {
      it.for<AddressPolicy>(["stable", "sequential", "random"])(
        "gives every NIC an address of it, and leaves it what it has: %s",
        async (policy, { expect }) => {
          const before = oneFamily(had, { policy })
          const other = await bench.open()
          await store.createNetwork(before)
          const ids = ["nic-1", "nic-2", "nic-3"]
          for (const id of ids) await other.claimNic(claim(before, id))
          await store.markNic("nic-2", "attached")
          await store.markNic("nic-3", "leaving")
          const nics = await store.listNics()
          const was = await revision()
          const { network: changed, keeping } = await store.changeNetwork("lab", addition(added))
          expect(changed).toEqual(network({ ...sides, policy }))
          expect(keeping).toEqual([])
          const now = await other.listNics()
          expect(now.map((nic) => Object.assign({}, nic, { [added]: undefined }))).toEqual(nics)
          const given = now.map((nic) => nic[added])
          expect(new Set(given).size).toBe(ids.length)
          for (const address of given) expect(changed[added]).not.toMatchObject({ gateway: address })
          for (const address of given) expect(changed[added]).not.toMatchObject({ router: address })
          expect(await revision()).toBeGreaterThan(was)
          expect(await other.countAddresses("lab")).toMatchObject({
            [added]: { capacity: BigInt(capacity), held: 3n, resting: 0n, heldExcluded: 0n },
          })
          const next = await other.claimNic(claim(changed, "nic-4"))
          expect(next[had]).toBeDefined()
          expect([...given, undefined]).not.toContain(next[added])
          await store.freeNic("nic-3")
          expect(await store.countAddresses("lab")).toMatchObject({
            ipv6: { held: 3n, resting: 1n },
            ipv4: { held: 3n, resting: 1n },
          })
        },
      )

      it("gives the address that the NIC would have had in a network of both", async ({ expect }) => {
        const twin = await bench.open({ place: "-twin" })
        const both = network({ ipv6: { ...sides.ipv6, range: undefined }, ipv4: { ...sides.ipv4, range: undefined } })
        await twin.createNetwork(both)
        await store.createNetwork(oneFamily(had, { [had]: { ...sides[had], range: undefined } }))
        await twin.claimNic(claim(both, "nic-1"))
        await store.claimNic(claim(both, "nic-1"))
        await store.changeNetwork("lab", addition(added, { range: undefined }))
        expect(await store.findNetwork("lab")).toEqual(both)
        expect(await store.findNic("nic-1")).toEqual(await twin.findNic("nic-1"))
      })

      it("goes on where the policy sequential left off", async ({ expect }) => {
        const before = oneFamily(had, { policy: "sequential", quarantineSeconds: 0 })
        await store.createNetwork(before)
        for (const id of ["nic-1", "nic-2"]) await store.claimNic(claim(before, id))
        const { network: changed } = await store.changeNetwork("lab", addition(added))
        // What is free again is not the next one.
        await detach(store, "nic-1")
        await store.claimNic(claim(changed, "nic-3"))
        expect((await store.listNics()).map((nic) => nic[added]?.split(/[:.]/).at(-1))).toEqual(["4", "5"])
      })

      it("is refused, and nothing changed, where there are not addresses for all", async ({ expect }) => {
        const before = oneFamily(had)
        await store.createNetwork(before)
        for (const id of ["nic-1", "nic-2", "nic-3"]) await store.claimNic(claim(before, id))
        const [nics, was, counts] = [await store.listNics(), await revision(), await store.countAddresses("lab")]
        const few = addition(added, { range: two[added] })
        await expect(store.changeNetwork("lab", few)).rejects.toMatchObject({
          code: "RESOURCE_EXHAUSTED",
          field: added,
          native: { capacity: "2", needed: "3" },
        })
        expect(await store.findNetwork("lab")).toEqual(before)
        expect(await store.listNics()).toEqual(nics)
        expect(await store.countAddresses("lab")).toEqual(counts)
        expect(await revision()).toBe(was)
        // Its prefix is free for another.
        const lan = otherNetwork({ ipv6: undefined, [added]: sides[added] })
        expect(await store.createNetwork(lan)).toEqual(lan)
      })

      it("is the same answer when it is asked again, and a conflict when asked otherwise", async ({ expect }) => {
        await store.createNetwork(oneFamily(had))
        const changed = await store.changeNetwork("lab", addition(added))
        const was = await revision()
        expect(await store.changeNetwork("lab", addition(added))).toEqual(changed)
        expect(await store.createNetwork(changed.network)).toEqual(changed.network)
        await expect(store.changeNetwork("lab", addition(added, { range: two[added] }))).rejects.toMatchObject({
          code: "ALREADY_EXISTS",
          field: `${added}.ranges`,
        })
        await expect(store.changeNetwork("lab", addition(had, { range: two[had] }))).rejects.toMatchObject({
          code: "ALREADY_EXISTS",
          field: `${had}.ranges`,
        })
        expect(await revision()).toBe(was)
        await store.changeNetwork("lab", { [added]: { exclude: [two[added]] } })
        expect(await store.countAddresses("lab")).toMatchObject({ [added]: { capacity: BigInt(capacity - 2) } })
      })

      it("is refused where another network is in its way, and is in the way of others", async ({ expect }) => {
        const before = oneFamily(had)
        const lan = otherNetwork({ ipv6: undefined, [added]: sides[added] })
        await store.createNetwork(before)
        await store.createNetwork(lan)
        const refused = { code: "ALREADY_EXISTS", field: `${added}.prefix` }
        await expect(store.changeNetwork("lab", addition(added))).rejects.toMatchObject(refused)
        expect(await store.findNetwork("lab")).toEqual(before)
        await store.removeNetwork("lan")
        await store.changeNetwork("lab", addition(added))
        await expect(store.createNetwork(lan)).rejects.toMatchObject(refused)
      })

      it.for([
        ["gateway", { gateway: "fe80::1" }, "INVALID_ARGUMENT"],
        ["addRanges", { addRanges: [] }, "INVALID_ARGUMENT"],
        ["prefix", { prefix: undefined }, "INVALID_ARGUMENT"],
      ] as const)("is refused with a wrong %s, and changes nothing", async ([field, more, code], { expect }) => {
        const before = oneFamily(had)
        await store.createNetwork(before)
        await expect(store.changeNetwork("lab", addition(added, more))).rejects.toMatchObject({
          code,
          field: `${added}.${field}`,
        })
        await expect(store.changeNetwork("lab", { [added]: { exclude: [two[added]] } })).rejects.toMatchObject({
          code: "INVALID_ARGUMENT",
          field: added,
        })
        expect(await store.findNetwork("lab")).toEqual(before)
      })

      it("makes a NIC claimed again whose port has to learn of it: with port security alone", async ({ expect }) => {
        for (const portSecurity of [false, true]) {
          const place = await bench.open({ place: `-${portSecurity}` })
          const before = oneFamily(had, { portSecurity })
          await place.createNetwork(before)
          for (const id of ["nic-1", "nic-2"]) await place.claimNic(claim(before, id))
          await place.markNic("nic-1", "attached")
          await place.markNic("nic-2", "leaving")
          await place.changeNetwork("lab", addition(added))
          const states = (await place.listNics()).map(({ state }) => state)
          expect(states).toEqual([portSecurity ? "claimed" : "attached", "leaving"])
          await place.markNic("nic-1", "attached")
          await place.changeNetwork("lab", addition(added))
          expect(await place.findNic("nic-1")).toMatchObject({ state: "attached" })
        }
      })
    })

    it("takes its /64 from a pool, and gives it back with the network", async ({ expect }) => {
      const edge = { name: "edge", prefix: "2001:db8:100::/56", policy: "sequential", quarantineSeconds: 0 }
      await store.createPool(planPool(edge))
      const before = oneFamily("ipv4")
      await store.createNetwork(before)
      await store.claimNic(claim(before, "nic-1"))
      const pooled = { ipv6: { pool: "edge", gateway: "::1", range: "::10-::1f" } }
      const changed = await store.changeNetwork("lab", pooled)
      expect(changed.network.ipv6).toMatchObject({
        prefix: "2001:db8:100::/64",
        gateway: "2001:db8:100::1",
        pool: "edge",
      })
      expect(await store.findNic("nic-1")).toMatchObject({ ipv6: expect.stringMatching(/^2001:db8:100::1[0-9a-f]$/) })
      expect(await store.changeNetwork("lab", pooled)).toEqual(changed)
      expect(await store.listPrefixes("edge")).toMatchObject([{ holder: { kind: "network", id: "lab" } }])
      await store.createNetwork(
        otherNetwork({ ipv6: undefined, ipv4: { prefix: "198.51.100.0/24", gateway: "198.51.100.1" } }),
      )
      const unnamed = { ipv6: { prefix: "2001:db8:100:7::/64", gateway: "2001:db8:100:7::1" } }
      await expect(store.changeNetwork("lan", unnamed)).rejects.toMatchObject({
        code: "ALREADY_EXISTS",
        field: "ipv6.prefix",
      })
      await expect(store.changeNetwork("lan", { ipv6: { pool: "core", gateway: "::1" } })).rejects.toMatchObject({
        code: "NOT_FOUND",
        field: "ipv6.pool",
      })
      await detach(store, "nic-1")
      await store.removeNetwork("lab")
      expect(await store.countPrefixes("edge")).toMatchObject({ held: 0n })
    })

    it("is taken in by another store as it is", async ({ expect }) => {
      const before = oneFamily("ipv4")
      await store.createNetwork(before)
      for (const id of ["nic-1", "nic-2"]) await store.claimNic(claim(before, id))
      await store.changeNetwork("lab", addition("ipv6"))
      const copy = await bench.open({ place: "-copy" })
      await copy.importRecords(store.exportRecords())
      expect(await copy.readNetwork("lab")).toEqual(await store.readNetwork("lab"))
      expect(await copy.countAddresses("lab")).toEqual(await store.countAddresses("lab"))
    })
  })
}

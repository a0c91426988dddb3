import * as fc from "fast-check"
import { afterEach, beforeEach, describe, it } from "vitest"
import { isSlash64Error } from "@slash64/core"
import type { Store } from "@slash64/core"
import { addition, capacity, detach, directions, oneFamily, two } from "./family-place.ts"
import { StoreBench, claim } from "./store-bench.ts"
import type { StoreSuiteOptions } from "./store-bench.ts"

/** A family that is added while others claim and detach, and between any of their calls. */
export function describeFamilyRaces(options: StoreSuiteOptions): void {
  describe.for(directions)("$added to $had, among others", ({ had, added }) => {
    let bench: StoreBench
    let store: Store

    beforeEach(async () => {
      bench = new StoreBench(options)
      store = await bench.open()
    })
    afterEach(() => bench.close())

    it("is on every NIC that is claimed at the same moment, and freed with it", async ({ expect }) => {
      const before = oneFamily(had)
      await store.createNetwork(before)
      const handles = await Promise.all([0, 1, 2].map(() => bench.open()))
      const on = (number: number): Store => handles[number % handles.length] ?? store
      const early = ["nic-1", "nic-2", "nic-3", "nic-4"]
      const late = ["nic-11", "nic-12", "nic-13", "nic-14", "nic-15", "nic-16"]
      for (const id of early) await store.claimNic(claim(before, id))
      await Promise.all([
        ...late.map((id, number) => on(number).claimNic(claim(before, id))),
        on(1).changeNetwork("lab", addition(added)),
        detach(on(2), "nic-1"),
        on(0).changeNetwork("lab", addition(added)),
        detach(on(1), "nic-2"),
      ])
      expect(await countWhole(store)).toBe(8)
    })

    it("holds for any sequence of claims and detachments around it", async ({ expect }) => {
      let places = 0
      const steps = fc.array(fc.record({ nic: fc.nat(19), detach: fc.boolean() }), { maxLength: 40 })
      const property = fc.asyncProperty(steps, fc.nat(40), fc.boolean(), async (sequence, at, small) => {
        const place = await bench.open({ place: `-any-${places++}` })
        // Nothing rests, so what is free is what nobody holds.
        const before = oneFamily(had, { quarantineSeconds: 0 })
        await place.createNetwork(before)
        const known = new Map<string, string | undefined>()
        let most = capacity
        for (const [index, step] of [...sequence, undefined].entries()) {
          if (index === Math.min(at, sequence.length)) {
            const fits = known.size <= (small ? 2 : capacity)
            const asked = addition(added, small ? { range: two[added] } : {})
            const code = await codeOf(place.changeNetwork("lab", asked))
            expect(code).toBe(fits ? undefined : "RESOURCE_EXHAUSTED")
            if (fits && small) most = 2
          }
          if (step === undefined) break
          const id = `nic-${step.nic}`
          if (step.detach) {
            if (known.delete(id)) await detach(place, id)
            continue
          }
          const network = (await place.findNetwork("lab")) ?? before
          const fits = known.has(id) || known.size < most
          expect(await codeOf(place.claimNic(claim(network, id)))).toBe(fits ? undefined : "RESOURCE_EXHAUSTED")
          if (fits) known.set(id, (await place.findNic(id))?.[had])
        }
        expect(await countWhole(place)).toBe(known.size)
        for (const [id, address] of known) expect((await place.findNic(id))?.[had]).toBe(address)
        await place.close()
      })
      await expect(fc.assert(property, { numRuns: 8 })).resolves.toBeUndefined()
    })
  })
}

/** How many NICs have an address of each family of the network, all of them, and no two the same; else what is amiss. */
async function countWhole(store: Store): Promise<number | string> {
  const nics = await store.listNics()
  const [found, counts] = [await store.findNetwork("lab"), await store.countAddresses("lab")]
  for (const family of ["ipv6", "ipv4"] as const) {
    const addresses = nics.flatMap((nic) => nic[family] ?? [])
    const expected = found?.[family] === undefined ? 0 : nics.length
    const held = Number(counts[family]?.held ?? 0)
    if (new Set(addresses).size !== expected || held !== expected)
      return `${family}: ${addresses.join(" ")}; ${held} held, and ${nics.length} NICs`
  }
  return nics.length
}

async function codeOf(deed: Promise<unknown>): Promise<string | undefined> {
  try {
    await deed
    return undefined
  } catch (error) {
    if (isSlash64Error(error)) return error.code
    throw error
  }
}

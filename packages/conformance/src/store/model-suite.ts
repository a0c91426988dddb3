import * as fc from "fast-check"
import { afterEach, beforeEach, describe, it } from "vitest"
import type { ExpectStatic } from "vitest"
import { StoreBench } from "./store-bench.ts"
import type { StoreSuiteOptions } from "./store-bench.ts"
import { modelPlaces, positionsMost } from "./model-place.ts"
import { StoreModel } from "./store-model.ts"
import type { ModelStep } from "./store-model.ts"

const nic = fc.nat(7)
const position = fc.nat(positionsMost)
const family = fc.constantFrom("ipv6" as const, "ipv4" as const)
const span = fc
  .tuple(position, fc.nat(4))
  .map(([first, more]) => ({ first, last: Math.min(first + more, positionsMost) }))

const step: fc.Arbitrary<ModelStep> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("claim" as const), nic }) },
  {
    weight: 2,
    arbitrary: fc.record(
      { do: fc.constant("claim" as const), nic, ipv6: position, ipv4: position },
      { requiredKeys: ["do", "nic"] },
    ),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("leave" as const, "free" as const), nic }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("detach" as const), nic }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("wait" as const), seconds: fc.integer({ min: 1, max: 120 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom("addRanges" as const, "exclude" as const, "unexclude" as const),
      family,
      span,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("quarantine" as const), seconds: fc.constantFrom(0, 50, 100) }) },
)

/** Any sequence of calls against a model of what the store must hold after it. */
export function describeModel(options: StoreSuiteOptions): void {
  describe("any sequence of calls", () => {
    let bench: StoreBench

    beforeEach(() => {
      bench = new StoreBench(options)
    })
    afterEach(() => bench.close())

    let places = 0
    const walk = async (model: StoreModel, steps: readonly ModelStep[], expect: ExpectStatic) => {
      const store = await bench.open({ place: `-model-${places++}` })
      const now = () => Math.floor(bench.now / 1000)
      await store.createNetwork(model.network)
      for (const one of steps) {
        if (one.do === "wait") bench.now += one.seconds * 1000
        const { expected, found } = await model.take(one, store, now())
        expect(found, JSON.stringify(one)).toEqual(expected)
        const after = await model.compare(store, now())
        expect(after.found, JSON.stringify(one)).toEqual(after.expected)
      }
      await store.close()
    }

    it.for(modelPlaces)(
      "gives each address to one NIC, within the ranges, and counts exactly: $at",
      async (place, { expect }) => {
        const policy = fc.constantFrom(...place.policies)
        const sequence = fc.array(step, { minLength: 10, maxLength: 40 })
        const property = fc.asyncProperty(policy, sequence, (chosen, steps) =>
          walk(new StoreModel(place, chosen), steps, expect),
        )
        await expect(fc.assert(property, { numRuns: 10 })).resolves.toBeUndefined()
      },
    )
  })
}

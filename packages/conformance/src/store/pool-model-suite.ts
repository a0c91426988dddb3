import * as fc from "fast-check"
import { afterEach, beforeEach, describe, it } from "vitest"
import type { ExpectStatic } from "vitest"
import { PoolModel } from "./pool-model.ts"
import type { PoolStep } from "./pool-model.ts"
import { StoreBench } from "./store-bench.ts"
import type { StoreSuiteOptions } from "./store-bench.ts"

const holder = fc.nat(7)
const slot = fc.nat(15)
const step: fc.Arbitrary<PoolStep> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("claim" as const), holder }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("claim" as const), holder, slot }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("release" as const), holder }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("resize" as const), slot, length: fc.integer({ min: 59, max: 64 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("wait" as const), seconds: fc.integer({ min: 1, max: 120 }) }) },
)

/** Any sequence of calls on a pool against a model of what it must hold after it. */
export function describePoolModel(options: StoreSuiteOptions): void {
  describe("any sequence of calls on a pool", () => {
    let bench: StoreBench

    beforeEach(() => {
      bench = new StoreBench(options)
    })
    afterEach(() => bench.close())

    let places = 0
    const walk = async (model: PoolModel, steps: readonly PoolStep[], expect: ExpectStatic) => {
      const store = await bench.open({ place: `-pool-${places++}` })
      const now = () => Math.floor(bench.now / 1000)
      await store.createPool(model.pool)
      for (const one of steps) {
        if (one.do === "wait") bench.now += one.seconds * 1000
        const { expected, found } = await model.take(one, store, now())
        expect(found, JSON.stringify(one)).toEqual(expected)
        const after = await model.compare(store, now())
        expect(after.found, JSON.stringify(one)).toEqual(after.expected)
      }
      await store.close()
    }

    it.for([
      ["stable", 0],
      ["stable", 100],
      ["sequential", 0],
      ["sequential", 100],
    ] as const)(
      "gives each /64 to one holder, within the pool, and counts exactly: %s, %i s of quarantine",
      async ([policy, quarantineSeconds], { expect }) => {
        const property = fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), (steps) =>
          walk(new PoolModel(policy, quarantineSeconds), steps, expect),
        )
        await expect(fc.assert(property, { numRuns: 25 })).resolves.toBeUndefined()
      },
    )
  })
}

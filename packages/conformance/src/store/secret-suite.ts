import { afterEach, beforeEach, describe, it } from "vitest"
import { StoreBench, network } from "./store-bench.ts"
import type { StoreSuiteOptions } from "./store-bench.ts"

export function describeSecret(options: StoreSuiteOptions): void {
  describe("the secret", () => {
    let bench: StoreBench

    beforeEach(() => {
      bench = new StoreBench(options)
    })
    afterEach(() => bench.close())

    it("is the one that the store was opened with first; another is refused, and nothing changed", async ({
      expect,
    }) => {
      const store = await bench.open({ secret: 7 })
      await store.createNetwork(network())
      const refused = {
        code: "FAILED_PRECONDITION",
        field: "secret",
        hint: expect.stringMatching(/put back the secret/),
      }
      await expect(bench.open({ secret: 8 })).rejects.toMatchObject(refused)
      await store.close()
      await expect(bench.open({ secret: 8 })).rejects.toMatchObject(refused)
      const again = await bench.open({ secret: 7 })
      expect(await again.listNetworks()).toEqual([network()])
    })

    it("is one alone when two open a new store at once with two secrets", async ({ expect }) => {
      const opened = await Promise.allSettled([7, 8, 9, 10].map((secret) => bench.open({ secret })))
      expect(opened.filter(({ status }) => status === "fulfilled")).toHaveLength(1)
      for (const one of opened)
        if (one.status === "rejected")
          expect(one.reason).toMatchObject({ code: "FAILED_PRECONDITION", field: "secret" })
    })
  })
}

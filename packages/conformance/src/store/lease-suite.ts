import { setTimeout as sleep } from "node:timers/promises"
import { afterEach, beforeEach, describe, it } from "vitest"
import type { ConvergeLease, Store } from "@slash64/core"
import { StoreBench, claim, network, otherNetwork, router } from "./store-bench.ts"
import type { StoreSuiteOptions } from "./store-bench.ts"

const long = 600_000
const short = 50

export function describeLeases(options: StoreSuiteOptions): void {
  describe("leases on routers", () => {
    let bench: StoreBench
    let store: Store
    let other: Store

    beforeEach(async () => {
      bench = new StoreBench(options)
      store = await bench.open()
      other = await bench.open()
      await store.createNetwork(network())
      await store.createRouter(router())
    })
    afterEach(() => bench.close())

    const revision = async () => (await store.readNetwork("lab"))?.revision
    /** A store goes by the clock that it is given, or by its server's. */
    const letPass = async (ms: number): Promise<void> => {
      bench.now += ms
      await sleep(ms)
    }

    it("has one holder for each network, who may repeat and renew it, until it is given back", async ({ expect }) => {
      const lease = await take(store, "a")
      expect(lease).toEqual({ networkId: "lab", holder: "a", fence: 1 })
      expect(await take(store, "a")).toEqual(lease)
      await store.renewConvergeLease(lease, long)
      expect(await other.takeConvergeLease("lab", "b", long)).toEqual({ heldBy: "a" })
      await store.createNetwork(otherNetwork())
      expect(await other.takeConvergeLease("lan", "b", long)).toMatchObject({ lease: { holder: "b", fence: 1 } })
      for (const _ of [1, 2]) await store.giveBackConvergeLease(lease)
      expect(await other.takeConvergeLease("lab", "b", long)).toEqual({ lease: { ...lease, holder: "b", fence: 2 } })
      await store.giveBackConvergeLease(lease)
      expect(await store.takeConvergeLease("lab", "a", long)).toEqual({ heldBy: "b" })
    })

    it("goes to one alone when many ask at once", async ({ expect }) => {
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, index) =>
          (index % 2 === 0 ? store : other).takeConvergeLease("lab", `holder-${index}`, long),
        ),
      )
      expect(answers.filter((answer) => "lease" in answer)).toHaveLength(1)
    })

    it("leaves the revision alone when it is taken, renewed and given back", async ({ expect }) => {
      const before = await revision()
      for (const holder of ["a", "b", "a"]) {
        const lease = await take(store, holder)
        await store.renewConvergeLease(lease, long)
        await store.giveBackConvergeLease(lease)
      }
      expect(await revision()).toBe(before)
    })

    it("is taken over when its time is over: fence and revision rise, what is shown stays", async ({ expect }) => {
      const before = await store.readNetwork("lab")
      const lost = await take(store, "a", short)
      await letPass(short + 20)
      expect(await other.takeConvergeLease("lab", "b", long)).toEqual({
        lease: { networkId: "lab", holder: "b", fence: lost.fence + 1 },
        takenFrom: "a",
      })
      const after = await store.readNetwork("lab")
      expect(after).toEqual({ ...before, revision: (before?.revision ?? 0) + 1 })
      expect(await other.readNetwork("lab")).toEqual(after)
      await store.claimNic(claim(network(), "nic-1"))
      expect(await revision()).toBe((after?.revision ?? 0) + 1)
      await expect(store.renewConvergeLease(lost, long)).rejects.toMatchObject({ code: "ABORTED" })
      expect(await store.takeConvergeLease("lab", "a", long)).toEqual({ heldBy: "b" })
    })

    it("tells those who wait what the last holder has pushed, not what a stale one says", async ({ expect }) => {
      await store.giveBackConvergeLease(await take(store, "a"), { revision: 7, generation: 2 })
      const stale = await take(store, "a", short)
      expect(await other.takeConvergeLease("lab", "b", long)).toEqual({
        heldBy: "a",
        served: { revision: 7, generation: 2 },
      })
      await letPass(short + 20)
      const lease = await take(other, "b")
      await store.giveBackConvergeLease(stale, { revision: 6, generation: 9 })
      const served = { revision: 7, generation: 2 }
      expect(await store.takeConvergeLease("lab", "a", long)).toEqual({ heldBy: "b", served })
      await other.giveBackConvergeLease(lease)
      await take(other, "b")
      expect(await store.takeConvergeLease("lab", "a", long)).toEqual({ heldBy: "b", served })
    })

    it("is renewed after its time where nobody came", async ({ expect }) => {
      const lease = await take(store, "a", short)
      await letPass(short + 20)
      await store.renewConvergeLease(lease, long)
      expect(await other.takeConvergeLease("lab", "b", long)).toEqual({ heldBy: "a" })
    })

    it("keeps out what a stale holder writes, and nothing of it happens", async ({ expect }) => {
      const stale = await take(store, "a", short)
      await letPass(short + 20)
      const lease = await take(other, "b")
      const before = await store.readNetwork("lab")
      await expect(store.markRouter("router-1", "running", stale)).rejects.toMatchObject({ code: "ABORTED" })
      await expect(store.removeRouter("router-1", stale)).rejects.toMatchObject({ code: "ABORTED" })
      expect(await store.readNetwork("lab")).toEqual(before)
      expect(await other.markRouter("router-1", "running", lease)).toMatchObject({ state: "running" })
      await other.giveBackConvergeLease(lease)
      await expect(other.removeRouter("router-1", lease)).rejects.toMatchObject({ code: "ABORTED" })
      await store.removeRouter("router-1", await take(store, "a"))
      expect(await other.findRouter("lab")).toBeUndefined()
    })

    it("goes with its network, and another of that name has its own", async ({ expect }) => {
      const lease = await take(store, "a")
      await store.removeRouter("router-1", lease)
      await store.removeNetwork("lab")
      await expect(store.takeConvergeLease("lab", "a", long)).rejects.toMatchObject({ code: "NOT_FOUND" })
      await expect(store.renewConvergeLease(lease, long)).rejects.toMatchObject({ code: "ABORTED" })
      await store.createNetwork(network())
      expect(await take(other, "b")).toMatchObject({ holder: "b" })
    })
  })
}

async function take(by: Store, holder: string, forMs = long): Promise<ConvergeLease> {
  const answer = await by.takeConvergeLease("lab", holder, forMs)
  if ("lease" in answer) return answer.lease
  throw new Error(`${answer.heldBy} has it`)
}

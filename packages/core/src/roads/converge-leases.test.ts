import { setTimeout as sleep } from "node:timers/promises"
import { describe, expect, it } from "vitest"
import { silentLog } from "../log/road-log.ts"
import { planNetwork } from "../network/plan-network.ts"
import { newCall } from "../plugin/call.ts"
import type { LeaseHeld, LeaseStore } from "../store/lease-store.ts"
import { openSqliteStore } from "../store/sqlite-store.ts"
import { ConvergeLeases } from "./converge-leases.ts"

const leaseMs = 60
/** It stands on a busy machine too. */
const longMs = 3000

describe("ConvergeLeases", () => {
  it("is one lease for all roads of a process, given back by the last of them", async () => {
    const { open, store } = await newBench()
    const [one, other] = [open(), open()]
    const ends = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const fences: number[] = []
    const holding = ends.map((end) =>
      one.hold("lab", newCall(), async ({ lease: { fence } }) => {
        fences.push(fence)
        await end.promise
      }),
    )
    await until(() => fences.length === 2)
    expect(fences).toEqual([1, 1])
    ends[0]?.resolve()
    await holding[0]
    const busy = other.hold("lab", newCall(), async () => {}, { waitMs: 0 })
    await expect(busy).rejects.toMatchObject({ code: "UNAVAILABLE", message: expect.stringMatching(/converged by/) })
    ends[1]?.resolve()
    await holding[1]
    expect(await other.hold("lab", newCall(), async ({ lease }) => lease.fence, { waitMs: 0 })).toBe(2)
    await store.close()
  })

  it("renews a lease for as long as its work takes, and no longer", async () => {
    const { store, log } = await newBench()
    let renewals = 0
    const counting: LeaseStore = {
      takeConvergeLease: (...asked) => store.takeConvergeLease(...asked),
      giveBackConvergeLease: (...asked) => store.giveBackConvergeLease(...asked),
      renewConvergeLease: async (lease, forMs) => {
        await store.renewConvergeLease(lease, forMs)
        renewals += 1
      },
    }
    const leases = new ConvergeLeases({ store: counting, log, leaseMs })
    await leases.hold("lab", newCall(), () => until(() => renewals >= 3))
    const renewed = renewals
    await sleep(leaseMs)
    // One may have been on its way.
    expect(renewals).toBeLessThanOrEqual(renewed + 1)
    await store.close()
  })

  it("aborts the work of a lease that another has taken over, with ABORTED", async () => {
    const { open, store, clock } = await newBench()
    const holding = open().hold("lab", newCall(), async (_lease, { signal }) => {
      clock.ahead += 1_000_000
      expect(await store.takeConvergeLease("lab", "other", 1_000_000)).toMatchObject({ lease: { fence: 2 } })
      await new Promise((resolve) => signal.addEventListener("abort", resolve))
      throw new Error("cut off")
    })
    await expect(holding).rejects.toMatchObject({ code: "ABORTED" })
    expect(await store.takeConvergeLease("lab", "third", 1)).toEqual({ heldBy: "other" })
    await store.close()
  })

  it("waits no longer when what another has pushed makes the lease needless", async () => {
    const { open, store } = await newBench()
    const [one, other] = [open(), open()]
    for (const revision of [4, 5])
      await one.hold("lab", newCall(), async (held) => {
        held.served = { revision, generation: 9 }
      })
    const { lease } = Object(await store.takeConvergeLease("lab", "third", 1_000_000))
    const waiting = other.hold<unknown>("lab", newCall(), async () => "held", { instead, waitMs: 1_000_000 })
    expect(await waiting).toEqual({ revision: 5, generation: 9 })
    await store.giveBackConvergeLease(lease, { revision: 6, generation: 10 })
    expect(await other.hold<unknown>("lab", newCall(), async () => "held", { instead })).toBe("held")
    await store.close()
  })

  it("ends its wait when its call is aborted", async () => {
    const { open, store } = await newBench()
    await store.takeConvergeLease("lab", "other", 1_000_000)
    const waiting = open().hold("lab", newCall({ timeoutMs: 20 }), async () => {}, { waitMs: 1_000_000 })
    await expect(waiting).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" })
    await store.close()
  })
})

async function instead({ served }: LeaseHeld): Promise<unknown> {
  return served?.revision === 5 ? served : undefined
}

/** Processes on one store. */
async function newBench() {
  const clock = { ahead: 0 }
  const now = (): number => Date.now() + clock.ahead
  const store = await openSqliteStore({ file: ":memory:", secret: Buffer.alloc(32), now })
  const ipv6 = { prefix: "2001:db8::/64", gateway: "2001:db8::1" }
  await store.createNetwork(planNetwork({ name: "lab", attachment: { kind: "isolated" }, ipv6 }))
  return { store, clock, log: silentLog, open: () => new ConvergeLeases({ store, log: silentLog, leaseMs: longMs }) }
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(2)
}

import { duidLl, macForNic, planNetwork, planNic } from "@slash64/core"
import type { Nic, NicClaim } from "@slash64/core"
import { describe, expect, it } from "vitest"
import { ClaimQueue } from "./claim-queue.ts"

function claim(id: string, name = "lab"): NicClaim {
  const network = planNetwork({
    name,
    attachment: { kind: "isolated" },
    ipv6: { prefix: "2001:db8::/64", gateway: "2001:db8::1" },
  })
  return planNic({ id, host: "h1", vmId: crypto.randomUUID() }, network)
}

function nicOf({ id, networkId, host, vmId, hostname }: NicClaim): Nic {
  const mac = macForNic(id)
  return { id, networkId, host, vmId, hostname, mac, duid: duidLl(mac), isDefault: false, state: "claimed" }
}

/** Notes what is made together, and makes it when it is let. */
function heldQueue() {
  const batches: string[][] = []
  const gates: { open: () => void; fail: (error: unknown) => void }[] = []
  const queue = new ClaimQueue((_, claims) => {
    batches.push(claims.map(({ id }) => id))
    const nics = claims.map(nicOf)
    return new Promise((resolve, reject) => gates.push({ open: () => resolve(nics), fail: reject }))
  })
  return { queue, batches, gates }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe("ClaimQueue", () => {
  it("makes together what is asked for at once, up to a bound, and gives each its own", async () => {
    const { queue, batches, gates } = heldQueue()
    const ids = Array.from({ length: 70 }, (_, number) => `nic-${number}`)
    const asked = Promise.all(ids.map((id) => queue.claim(claim(id))))
    await turn()
    expect(batches.map(({ length }) => length)).toEqual([64, 6])
    for (const { open } of gates) open()
    expect((await asked).map((nic) => nic?.id)).toEqual(ids)
  })

  it("gathers what is asked for while two are under way, each network alone and no NIC twice", async () => {
    const { queue, batches, gates } = heldQueue()
    for (const id of ["a", "b"]) {
      void queue.claim(claim(id))
      await turn()
    }
    const later = [claim("c"), claim("d"), claim("c"), claim("e", "lan")].map((one) => queue.claim(one))
    await turn()
    expect(batches).toEqual([["a"], ["b"]])
    for (let next = 0; next < 5; next++) {
      gates[next]?.open()
      await turn()
    }
    await Promise.all(later)
    expect(batches.slice(2)).toEqual([["c", "d"], ["c"], ["e"]])
  })

  it("fails all that were made together, and goes on", async () => {
    const { queue, gates } = heldQueue()
    const failed = Promise.allSettled([queue.claim(claim("a")), queue.claim(claim("b"))])
    await turn()
    gates[0]?.fail(new Error("stop"))
    expect((await failed).map(({ status }) => status)).toEqual(["rejected", "rejected"])
    const next = queue.claim(claim("a"))
    await turn()
    gates[1]?.open()
    expect(await next).toMatchObject({ id: "a" })
  })
})

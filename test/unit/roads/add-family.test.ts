import {
  Slash64Error,
  apply,
  attachNic,
  changeNetwork,
  createNetwork,
  newCall,
  nicIdFor,
  plan,
  removeNetwork,
  startRouter,
} from "@slash64/core"
import type { AttachNicRequest, NetworkChange, NewIpv4, NewIpv6, Rooms, StartedRouter } from "@slash64/core"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { RoadBench, networkRequest, nicRequest, routerId, vmId } from "./road-bench.ts"
import type { RoadStep } from "./road-bench.ts"

let bench: RoadBench
let rooms: Rooms

beforeEach(async () => {
  bench = await RoadBench.open()
  rooms = bench.rooms()
  await createNetwork(networkRequest, rooms, newCall())
})
afterEach(() => bench[Symbol.asyncDispose]())

const start = (): Promise<StartedRouter> => startRouter({ network: "lab", host: "h1" }, rooms, newCall())

const portOf = (id: string) => bench.world.nics.get(id)?.addresses
const ask = (change: object) => changeNetwork({ network: "lab", ...change }, rooms, newCall())

const ipv4: NewIpv4 = { prefix: "192.0.2.0/24" }
const addIpv4 = (own: Rooms) => changeNetwork({ network: "lab", ipv4 }, own, newCall())

/** With a NIC on a network of IPv6 that has port security. */
async function securedBench(): Promise<RoadBench> {
  const secured = await RoadBench.open()
  const own = secured.rooms()
  await createNetwork({ ...networkRequest, portSecurity: true }, own, newCall())
  await startRouter({ network: "lab", host: "h1" }, own, newCall())
  await attachNic(nicRequest, own, newCall())
  return secured
}

function nicNumber(index: number): AttachNicRequest {
  return { ...nicRequest, id: nicIdFor("lab", vmId, index) }
}

describe("changeNetwork, with a family that the network had not", () => {
  const ipv6: NewIpv6 = { ...networkRequest.ipv6, ra: "router" }
  it.each<[string, object, NetworkChange]>([
    ["IPv4 to IPv6", networkRequest, { ipv4 }],
    ["IPv6 to IPv4", { ...networkRequest, ipv6: undefined, ipv4: { ...ipv4, gateway: "192.0.2.1" } }, { ipv6 }],
  ])("adds %s: the router serves it, and no port without port security is touched", async (_what, before, change) => {
    await removeNetwork("lab", rooms, newCall())
    await createNetwork(before, rooms, newCall())
    await start()
    const { nic } = await attachNic(nicRequest, rooms, newCall())
    const was = structuredClone(bench.world.nics.get(nic.id))
    const { network, push, problems } = await changeNetwork({ network: "lab", ...change }, rooms, newCall())
    const now = await bench.store.findNic(nic.id)
    expect(now).toEqual({ ...nic, ipv6: now?.ipv6, ipv4: now?.ipv4 })
    expect([now?.ipv6, now?.ipv4]).not.toContain(undefined)
    expect(push?.revision).toBe((await bench.store.readNetwork("lab"))?.revision)
    const served = bench.routers.stateOf(routerId)
    expect(served).toMatchObject({ ipv6: network.ipv6, ipv4: network.ipv4 })
    expect(served?.reservations).toMatchObject([{ ipv6: now?.ipv6, ipv4: now?.ipv4 }])
    expect(bench.world.nics.get(nic.id)).toEqual(was)
    expect(problems).toEqual([])
    expect(await plan({}, rooms, newCall())).toEqual({ steps: [], problems: [], outdated: [] })
  })

  describe("with port security", () => {
    let nicId: string

    beforeEach(async () => {
      await removeNetwork("lab", rooms, newCall())
      await createNetwork({ ...networkRequest, portSecurity: true }, rooms, newCall())
      await start()
      nicId = (await attachNic(nicRequest, rooms, newCall())).nic.id
    })

    it("lets the address through the port before the router gives it", async () => {
      const seen: unknown[] = []
      const watching = bench.rooms(({ verb, phase }) => {
        if (verb === "push" && phase === "before") seen.push(portOf(nicId))
        if (verb === "attachNic" && phase === "before") seen.push(bench.routers.stateOf(routerId)?.ipv4)
        if (verb === "detachNic") seen.push("unplugged")
      })
      const { push, problems } = await changeNetwork({ network: "lab", ipv4 }, watching, newCall())
      const nic = await bench.store.findNic(nicId)
      expect(seen).toEqual([undefined, [nic?.ipv6, nic?.ipv4]])
      expect(nic).toMatchObject({ state: "attached", ipv4: expect.stringMatching(/^192\.0\.2\./) })
      expect(push).toBeDefined()
      expect(problems).toEqual([])
    })

    it("serves it all the same where a host does not answer, says so, and apply does the rest", async () => {
      const deaf = bench.rooms(({ room, verb, phase }) => {
        if (room === "host" && verb === "attachNic" && phase === "before")
          throw new Slash64Error("UNAVAILABLE", "no answer", { hint: "look at it" })
      })
      const { push, problems } = await changeNetwork({ network: "lab", ipv4 }, deaf, newCall())
      expect(push).toBeDefined()
      expect(problems).toEqual([{ subject: `NIC ${nicId}`, problem: "no answer", hint: "look at it" }])
      const healthy = bench.rooms()
      expect((await plan({}, healthy, newCall())).steps).toMatchObject([{ kind: "attach-nic", nicId }])
      await apply({}, healthy, newCall())
      const nic = await bench.store.findNic(nicId)
      expect(portOf(nicId)).toEqual([nic?.ipv6, nic?.ipv4])
      expect(await plan({}, healthy, newCall())).toEqual({ steps: [], problems: [], outdated: [] })
    })

    it("leaves a NIC alone that is claimed and not plugged: its reservation has to come first", async () => {
      const second = nicNumber(1)
      const deaf = bench.rooms(({ room, verb }) => {
        if (room === "host" && verb === "attachNic") throw new Slash64Error("UNAVAILABLE", "no answer")
      })
      await expect(attachNic(second, deaf, newCall())).rejects.toMatchObject({ code: "UNAVAILABLE" })
      await changeNetwork({ network: "lab", ipv4 }, bench.rooms(), newCall())
      expect(portOf(second.id)).toBeUndefined()
      expect(await bench.store.findNic(second.id)).toMatchObject({ state: "claimed" })
      const { nic } = await attachNic(second, bench.rooms(), newCall())
      expect(portOf(second.id)).toEqual([nic.ipv6, nic.ipv4])
    })

    it("reaches the port of a NIC that is being attached at the same moment", async () => {
      const second = nicNumber(1)
      const changes: Promise<unknown>[] = []
      const watching = bench.rooms(({ verb, phase }) => {
        if (verb === "markNic" && phase === "before") changes.push(bench.store.changeNetwork("lab", { ipv4 }))
      })
      const { nic } = await attachNic(second, watching, newCall())
      await Promise.all(changes)
      expect(nic.ipv4).toBeDefined()
      expect(portOf(second.id)).toEqual([nic.ipv6, nic.ipv4])
    })
  })

  it.each(["the same change", "apply"])("ends the same when its process is killed anywhere, by %s", async (healing) => {
    const steps: RoadStep[] = []
    await using whole = await securedBench()
    await addIpv4(whole.rooms((step) => steps.push(step)))
    const end = await whole.everything()
    const recorded = steps.findIndex(({ verb, phase }) => verb === "changeNetwork" && phase === "after")
    expect(steps.length).toBeGreaterThan(recorded + 10)
    for (const [index, step] of steps.entries()) {
      // What is in no record nobody but the caller can do.
      if (healing === "apply" && index < recorded) continue
      await using killed = await securedBench()
      let count = 0
      const dying = killed.rooms(() => {
        if (count >= index) throw new Error("killed")
        count += 1
      })
      await expect(addIpv4(dying), JSON.stringify(step)).rejects.toThrow("killed")
      killed.letTimePass()
      await (healing === "apply" ? apply({}, killed.rooms(), newCall()) : addIpv4(killed.rooms()))
      expect(await killed.everything(), JSON.stringify(step)).toEqual(end)
    }
  })

  it("refuses what a new network would be refused, and a family that is there otherwise", async () => {
    await expect(ask({ ipv6: { prefix: "2001:db8:65::/64", ra: "router" } })).rejects.toMatchObject({
      code: "ALREADY_EXISTS",
      field: "ipv6.prefix",
    })
    await expect(ask({ ipv4: { prefix: "192.0.2.0/30" } })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      field: "ipv4.prefix",
    })
    expect(await ask({ ipv6 })).toMatchObject({ network: { id: "lab" } })
  })
})

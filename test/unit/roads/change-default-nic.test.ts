import {
  Slash64Error,
  attachNic,
  changeDefaultNic,
  createNetwork,
  newCall,
  nicIdFor,
  routerIdFor,
  startRouter,
} from "@slash64/core"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { RoadBench, networkRequest, nicRequest, vmId } from "./road-bench.ts"

const second = { ...networkRequest, name: "second", ipv6: { prefix: "2001:db8:65::/64", ra: "router" } }
const other = { ...nicRequest, network: "second", id: nicIdFor("second", vmId, 1) }

/** A VM with a NIC on each of two networks, whose first is the default. */
describe("changeDefaultNic", () => {
  let bench: RoadBench
  beforeEach(async () => {
    bench = await RoadBench.open()
    const rooms = bench.rooms()
    for (const request of [networkRequest, second]) {
      await createNetwork(request, rooms, newCall())
      await startRouter({ network: request.name, host: "h1" }, rooms, newCall())
    }
    for (const request of [nicRequest, other]) await attachNic(request, rooms, newCall())
  })
  afterEach(() => bench[Symbol.asyncDispose]())

  /** What each network's router tells the VM's NIC there. */
  const told = () =>
    ["lab", "second"].map(
      (name) => bench.routers.stateOf(routerIdFor(name))?.reservations.map(({ isDefault }) => isDefault)[0],
    )

  it("is known to the routers of both networks, and is the same when it is repeated", async () => {
    expect(told()).toEqual([true, false])
    for (let round = 0; round < 2; round++) {
      expect(await changeDefaultNic(other.id, bench.rooms(), newCall())).toMatchObject({ nic: { isDefault: true } })
      expect(told()).toEqual([false, true])
    }
  })

  it("is made although a router does not answer, and a repeat brings it to that router", async () => {
    const deaf = bench.rooms(({ room, verb, phase }) => {
      if (room === "router" && verb === "push" && phase === "before") throw new Slash64Error("UNAVAILABLE", "no answer")
    })
    await expect(changeDefaultNic(other.id, deaf, newCall())).rejects.toMatchObject({ code: "UNAVAILABLE" })
    expect(await bench.store.findNic(nicRequest.id)).toMatchObject({ isDefault: false })
    await changeDefaultNic(other.id, bench.rooms(), newCall())
    expect(told()).toEqual([false, true])
  })
})

import {
  Slash64Error,
  apply,
  attachNic,
  changeNetwork,
  convergeRouter,
  createNetwork,
  detachNic,
  newCall,
  nicIdFor,
  readRouterStatus,
  removeNetwork,
  removeRouter,
  resolveVm,
  startRouter,
} from "@slash64/core"
import type { AttachNicRequest, ChangeNetworkRequest, Progress, Rooms, StartedRouter } from "@slash64/core"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { RoadBench, networkRequest, nicRequest, routerId, vmId } from "./road-bench.ts"

let bench: RoadBench
let rooms: Rooms

beforeEach(async () => {
  bench = await RoadBench.open()
  rooms = bench.rooms()
  await createNetwork(networkRequest, rooms, newCall())
})
afterEach(() => bench[Symbol.asyncDispose]())

const start = (): Promise<StartedRouter> => startRouter({ network: "lab", host: "h1" }, rooms, newCall())

function nicNumber(index: number): AttachNicRequest {
  return { ...nicRequest, id: nicIdFor("lab", vmId, index) }
}

describe("changeNetwork", () => {
  it("changes a network that has no router, or one that does not answer, all the same", async () => {
    const change = { network: "lab", quarantineSeconds: 7 }
    expect(await changeNetwork(change, rooms, newCall())).toMatchObject({ network: { quarantineSeconds: 7 } })
    expect(await changeNetwork(change, rooms, newCall())).not.toHaveProperty("push")
    await start()
    const deaf = bench.rooms(({ room, phase }) => {
      if (room === "router" && phase === "before") throw new Slash64Error("UNAVAILABLE", "no answer")
    })
    await expect(changeNetwork({ ...change, quarantineSeconds: 8 }, deaf, newCall())).rejects.toMatchObject({
      code: "UNAVAILABLE",
    })
    expect(await bench.store.findNetwork("lab")).toMatchObject({ quarantineSeconds: 8 })
  })

  it.each([
    [{ network: "nowhere" }, "NOT_FOUND", "network"],
    [{ network: 7 }, "INVALID_ARGUMENT", "network"],
    [{ network: "lab", range: "2001:db8:64::1" }, "INVALID_ARGUMENT", "range"],
  ])("refuses the change %j", async (request, code, field) => {
    const asked: ChangeNetworkRequest = Object.assign({ network: "lab" }, request)
    await expect(changeNetwork(asked, rooms, newCall())).rejects.toMatchObject({ code, field })
  })
})

describe("attachNic", () => {
  it("has the reservation on the router before the NIC is plugged", async () => {
    await start()
    let asked: string | undefined
    const watching = bench.rooms(({ verb, phase }) => {
      if (verb !== "attachNic" || phase !== "before") return
      expect(bench.world.nics.size).toBe(0)
      asked = bench.routers.ask(routerId, bench.routers.stateOf(routerId)?.reservations[0]?.mac ?? "")
    })
    const { nic, port } = await attachNic(nicRequest, watching, newCall())
    expect(asked).toBe(nic.ipv6)
    expect(nic.state).toBe("attached")
    expect(port).toMatchObject({ id: nic.id, vmId, mac: nic.mac, live: true })
  })

  it("tells each step in order", async () => {
    await start()
    const steps: Progress[] = []
    await attachNic(nicRequest, rooms, newCall({ report: (progress) => steps.push(progress) }))
    expect(steps.map(({ step }) => step)).toEqual([
      "looking at the host",
      "claiming an address",
      "making the network on the host",
      "telling the router",
      "plugging the NIC",
      "recording the NIC",
    ])
  })

  it.each([
    ["an unknown network", { network: "nowhere" }, "NOT_FOUND", "network"],
    ["an unknown host", { host: "h2" }, "NOT_FOUND", "host"],
    ["an unknown VM", { vmId: "5f0c1c1e-7a52-4b1c-9f6a-0d2a5a1dffff" }, "NOT_FOUND", "vmId"],
    ["a multicast MAC", { mac: "01:00:5e:00:00:01" }, "INVALID_ARGUMENT", "mac"],
    ["an address outside", { requestedIpv6: "2001:db8:65::5" }, "INVALID_ARGUMENT", "requestedIpv6"],
    ["a field that is not known", { prefix: "x" }, "INVALID_ARGUMENT", "prefix"],
  ])("claims nothing for %s", async (_what, wrong, code, field) => {
    await start()
    await expect(attachNic({ ...nicRequest, ...wrong }, rooms, newCall())).rejects.toMatchObject({ code, field })
    expect(await bench.store.listNics()).toEqual([])
  })

  it("attaches again a NIC whose address was excluded since, and gives it to no other", async () => {
    await start()
    const asked = { ...nicRequest, requestedIpv6: "2001:db8:64::77" }
    const { nic } = await attachNic(asked, rooms, newCall())
    const exclude = ["2001:db8:64::77"]
    const { keeping, push } = await changeNetwork({ network: "lab", ipv6: { exclude } }, rooms, newCall())
    expect(keeping).toEqual([nic])
    expect(push?.revision).toBe((await bench.store.readNetwork("lab"))?.revision)
    expect((await attachNic(asked, rooms, newCall())).nic).toEqual(nic)
    await detachNic(nic.id, rooms, newCall())
    await expect(attachNic(asked, rooms, newCall())).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      field: "requestedIpv6",
    })
    expect((await attachNic(nicRequest, rooms, newCall())).nic.ipv6).not.toBe("2001:db8:64::77")
  })

  it("claims nothing on a host without the port security that the network asks", async () => {
    bench.world.capabilities = { portSecurity: false }
    const secured = { ...networkRequest, name: "secured", portSecurity: true }
    const prefix = "2001:db8:65::/64"
    await createNetwork({ ...secured, ipv6: { prefix, gateway: "2001:db8:65::1", ra: "router" } }, rooms, newCall())
    await startRouter({ network: "secured", host: "h1" }, rooms, newCall())
    const request = { ...nicRequest, network: "secured" }
    await expect(attachNic(request, rooms, newCall())).rejects.toMatchObject({
      code: "FAILED_PRECONDITION",
      field: "host",
    })
    expect(await bench.store.listNics()).toEqual([])
  })

  it("claims nothing while the router is being removed", async () => {
    await start()
    const deaf = bench.rooms(({ verb }) => {
      if (verb === "removeRouter") throw new Error("killed")
    })
    await expect(removeRouter({ network: "lab" }, deaf, newCall())).rejects.toThrow("killed")
    rooms = bench.rooms()
    await expect(attachNic(nicRequest, rooms, newCall())).rejects.toMatchObject({ code: "FAILED_PRECONDITION" })
    await expect(start()).rejects.toMatchObject({
      code: "FAILED_PRECONDITION",
      hint: expect.stringContaining("slash64 router remove lab"),
    })
    expect(await bench.store.listNics()).toEqual([])
  })

  it("claims nothing while no router was started, and says the command", async () => {
    await expect(attachNic(nicRequest, rooms, newCall())).rejects.toMatchObject({
      code: "FAILED_PRECONDITION",
      hint: expect.stringContaining("slash64 router start lab"),
    })
    expect(await bench.store.listNics()).toEqual([])
  })

  it.each([
    ["does not answer", () => Object.assign(Object(bench.world.routers.get(routerId)), { running: false })],
    ["was taken away", () => bench.world.routers.clear()],
  ])("plugs the NIC while the router %s, says that it is not served, and apply serves it", async (_what, breakIt) => {
    await start()
    breakIt()
    const { nic, port, served, push } = await attachNic(nicRequest, rooms, newCall())
    expect({ state: nic.state, live: port.live, served, push }).toEqual({
      state: "attached",
      live: true,
      served: false,
      push: undefined,
    })
    await apply({}, rooms, newCall())
    expect(bench.routers.ask(routerId, nic.mac)).toBe(nic.ipv6)
    expect(await attachNic(nicRequest, rooms, newCall())).toMatchObject({ nic, served: true })
  })

  it("plugs nothing when the router refuses its files, and gives the daemon's words", async () => {
    await start()
    bench.routers.refuse = () => "bad option at line 3"
    await expect(attachNic(nicRequest, rooms, newCall())).rejects.toMatchObject({
      code: "FAILED_PRECONDITION",
      message: expect.stringContaining("bad option at line 3"),
    })
    expect(bench.world.nics.size).toBe(0)
  })

  it("refuses a NIC that is being detached, and says how to go on", async () => {
    await start()
    await attachNic(nicRequest, rooms, newCall())
    await bench.store.markNic(nicRequest.id, "leaving")
    await expect(attachNic(nicRequest, rooms, newCall())).rejects.toMatchObject({
      code: "FAILED_PRECONDITION",
      hint: expect.stringContaining("detach it again"),
    })
  })

  it("unplugs again what was detached while it was being attached", async () => {
    await start()
    let detached = false
    const racing = bench.rooms()
    bench.world.intercept = async ({ verb, phase }) => {
      if (verb !== "attachNic" || phase !== "after" || detached) return
      detached = true
      await bench.store.markNic(nicRequest.id, "leaving")
      await bench.store.freeNic(nicRequest.id)
    }
    await expect(attachNic(nicRequest, racing, newCall())).rejects.toMatchObject({ code: "ABORTED" })
    expect(bench.world.nics.size).toBe(0)
  })

  it("leaves 20 reservations when 20 are attached at once by two processes", async () => {
    await start()
    const processes = [rooms, bench.rooms()]
    const attached = await Promise.all(
      Array.from({ length: 20 }, (_, index) => attachNic(nicNumber(index), processes[index % 2] ?? rooms, newCall())),
    )
    expect(new Set(attached.map(({ nic }) => nic.ipv6)).size).toBe(20)
    expect(bench.routers.stateOf(routerId)?.reservations).toHaveLength(20)
    expect(bench.world.nics.size).toBe(20)
  })

  it("is refused by the router where another took over while it slept in its push, and reads the store again", async () => {
    await start()
    const other = bench.rooms()
    let raced = false
    const slow = bench.rooms()
    // Between this push's reading of the store and its arrival its lease ends, and another brings the router further.
    bench.routers.intercept = async ({ verb, phase }) => {
      if (verb !== "push" || phase !== "before" || raced) return
      raced = true
      bench.letTimePass()
      await attachNic(nicNumber(7), other, newCall())
    }
    const refused: string[] = []
    const end = slow.events.subscribe((event) => {
      if (event.kind === "router-not-converged") refused.push(event.code)
    })
    await attachNic(nicRequest, slow, newCall())
    await end()
    expect(refused).toEqual(["ABORTED"])
    expect(bench.routers.stateOf(routerId)?.reservations).toHaveLength(2)
  })
})

describe("detachNic", () => {
  it("unplugs before the router forgets the guest, and frees the address last of all", async () => {
    await start()
    const { nic } = await attachNic(nicRequest, rooms, newCall())
    bench.routers.ask(routerId, nic.mac)
    const order: string[] = []
    const watching = bench.rooms(({ verb, phase }) => {
      if (phase === "after") order.push(verb)
    })
    await detachNic(nic.id, watching, newCall())
    const deeds = new Set(["markNic", "detachNic", "push", "releaseLeases", "freeNic"])
    expect(order.filter((verb) => deeds.has(verb))).toEqual([
      "markNic",
      "detachNic",
      "push",
      "releaseLeases",
      "freeNic",
    ])
    expect(bench.routers.leasesOf(routerId)).toEqual([])
    expect(await bench.store.listNics()).toEqual([])
  })

  it("is a success for a NIC that is not there", async () => {
    expect(await detachNic("absent", rooms, newCall())).toEqual({})
  })

  it("keeps the address while the router does not answer, and is ended by a repeat", async () => {
    await start()
    await attachNic(nicRequest, rooms, newCall())
    const vm = bench.world.routers.get(routerId)
    if (vm !== undefined) vm.running = false
    await expect(detachNic(nicRequest.id, rooms, newCall())).rejects.toMatchObject({
      code: "UNAVAILABLE",
      hint: expect.stringContaining("slash64 router remove lab --force"),
    })
    expect((await bench.store.findNic(nicRequest.id))?.state).toBe("leaving")
    if (vm !== undefined) vm.running = true
    await detachNic(nicRequest.id, rooms, newCall())
    expect(await bench.store.listNics()).toEqual([])
  })

  it("needs no router when the router was removed by force", async () => {
    await start()
    await attachNic(nicRequest, rooms, newCall())
    await removeRouter({ network: "lab", force: true }, rooms, newCall())
    await detachNic(nicRequest.id, rooms, newCall())
    expect(await bench.store.listNics()).toEqual([])
  })
})

describe("startRouter", () => {
  it("brings the network's reservations to a router that is made anew, with the same server DUID", async () => {
    await start()
    const { nic } = await attachNic(nicRequest, rooms, newCall())
    const before = bench.routers.stateOf(routerId)
    await removeRouter({ network: "lab", force: true }, rooms, newCall())
    await startRouter({ network: "lab", host: "h1", id: "another" }, rooms, newCall())
    expect(bench.routers.ask("another", nic.mac)).toBe(nic.ipv6)
    expect(bench.routers.stateOf("another")?.serverDuid).toBe(before?.serverDuid)
    expect(before?.serverDuid).toMatch(/^00:04(:[\da-f]{2}){16}$/)
  })

  it.each([
    ["another host", { host: "h2" }, "host"],
    ["another id", { id: "other" }, "id"],
    ["another template", { template: `sha256:${"1".repeat(64)}` }, "template"],
  ])("refuses %s than the router has", async (_what, other, field) => {
    await start()
    const request = { network: "lab", host: "h1", ...other }
    await expect(startRouter(request, rooms, newCall())).rejects.toMatchObject({ code: "ALREADY_EXISTS", field })
  })

  it("needs a template, and records nothing without one", async () => {
    const request = { network: "lab", host: "h1", template: `sha256:${"1".repeat(64)}` }
    await expect(startRouter(request, rooms, newCall())).rejects.toMatchObject({
      code: "NOT_FOUND",
      field: "template",
    })
    expect(await bench.store.listRouters()).toEqual([])
  })

  it("takes an image in the format that suits the host best, of the version registered last", async () => {
    bench.world.capabilities = { templateFormats: ["vhd", "raw"] }
    await expect(start()).rejects.toMatchObject({ code: "FAILED_PRECONDITION", field: "template", value: "vhd, raw" })
    expect(await bench.store.listRouters()).toEqual([])
    await bench.register("older", "vhd", "1")
    const [raw, vhd] = [await bench.register("a", "raw", "2"), await bench.register("b", "vhd", "2")]
    await bench.register("c", "qcow2", "3")
    const named = { network: "lab", host: "h1", template: (await bench.register("d", "qcow2", "4")).digest }
    await expect(startRouter(named, rooms, newCall())).rejects.toMatchObject({
      code: "FAILED_PRECONDITION",
      message: expect.stringMatching(/is a qcow2 image, and this host takes vhd or raw/),
    })
    expect((await start()).router).toMatchObject({ templateDigest: vhd.digest, templateVersion: "2" })
    await removeRouter({ network: "lab", force: true }, rooms, newCall())
    const other = { network: "lab", host: "h1", template: raw.digest }
    expect((await startRouter(other, rooms, newCall())).router.templateDigest).toBe(raw.digest)
  })

  it("does not count as running before it serves", async () => {
    bench.routers.refuse = () => "bad option at line 3"
    await expect(start()).rejects.toMatchObject({ code: "FAILED_PRECONDITION" })
    expect((await bench.store.findRouter("lab"))?.state).toBe("claimed")
    await expect(attachNic(nicRequest, rooms, newCall())).rejects.toMatchObject({ code: "FAILED_PRECONDITION" })
  })

  it("says UNAVAILABLE when the router never answers, and is ended by a repeat", async () => {
    const deaf = bench.rooms(({ verb, phase }) => {
      if (verb !== "openRouterStream" || phase !== "before") return
      const vm = bench.world.routers.get(routerId)
      if (vm !== undefined) vm.running = false
    })
    const short = { ...deaf, patience: { ...deaf.patience, bootMs: 20 } }
    await expect(startRouter({ network: "lab", host: "h1" }, short, newCall())).rejects.toMatchObject({
      code: "UNAVAILABLE",
      hint: expect.stringContaining("console"),
    })
    expect((await bench.store.findRouter("lab"))?.state).toBe("claimed")
    rooms = bench.rooms()
    await start()
    expect((await bench.store.findRouter("lab"))?.state).toBe("running")
  })
})

describe("createNetwork", () => {
  it("makes nothing when it is cancelled before it begins", async () => {
    const call = newCall({ signal: AbortSignal.abort() })
    await expect(createNetwork({ ...networkRequest, name: "late" }, rooms, call)).rejects.toMatchObject({
      code: "CANCELLED",
    })
    expect(await bench.store.findNetwork("late")).toBeUndefined()
  })
})

describe("removeNetwork", () => {
  it("refuses while a NIC stands on it, and names the NIC", async () => {
    await start()
    await attachNic(nicRequest, rooms, newCall())
    await expect(removeNetwork("lab", rooms, newCall())).rejects.toMatchObject({
      code: "FAILED_PRECONDITION",
      hint: expect.stringContaining(nicRequest.id),
    })
    await expect(removeRouter({ network: "lab" }, rooms, newCall())).rejects.toMatchObject({
      code: "FAILED_PRECONDITION",
    })
    expect(bench.world.routers.size).toBe(1)
  })

  it("takes the router and the host's network with it, and is a success when nothing is there", async () => {
    await start()
    await removeNetwork("lab", rooms, newCall())
    expect([bench.world.routers.size, bench.world.networks.size]).toEqual([0, 0])
    expect(await removeNetwork("lab", rooms, newCall())).toEqual({})
  })

  it("asks no host on which the network never was, so one that is dead is not in the way", async () => {
    await bench.store.putHost({ name: "h2", plugin: "dead", config: {} })
    await start()
    await removeNetwork("lab", rooms, newCall())
    expect(bench.world.networks.size).toBe(0)
  })

  it("keeps the record while a host on which the network may be does not answer", async () => {
    await bench.store.putHost({ name: "h2", plugin: "dead", config: {} })
    await bench.store.noteNetworkOnHost("lab", "h2")
    await expect(removeNetwork("lab", rooms, newCall())).rejects.toMatchObject({ code: "UNIMPLEMENTED" })
    expect(await bench.store.findNetwork("lab")).toBeDefined()
  })

  it.each(["startRouter", "attachNic"])("finds what %s left on a host when it died in the middle", async (road) => {
    if (road === "attachNic") await start()
    await bench.store.putHost({ name: "h3", plugin: "memory", config: {} })
    const dying = bench.rooms(({ verb, phase }) => {
      if (verb === "ensureNetwork" && phase === "after") throw new Error("killed")
    })
    const taking =
      road === "attachNic"
        ? attachNic({ ...nicRequest, host: "h3" }, dying, newCall())
        : startRouter({ network: "lab", host: "h3" }, dying, newCall())
    await expect(taking).rejects.toThrow("killed")
    expect(await bench.store.listHostsOfNetwork("lab")).toContain("h3")
  })
})

describe("convergeRouter and readRouterStatus", () => {
  it("send nothing that is there", async () => {
    await start()
    expect((await convergeRouter("lab", rooms, newCall())).changedFiles).toBe(0)
    expect((await readRouterStatus("lab", rooms, newCall())).services["dnsmasq"]).toBe("running")
  })

  it("ask for a start where no router runs", async () => {
    await expect(convergeRouter("lab", rooms, newCall())).rejects.toMatchObject({ code: "FAILED_PRECONDITION" })
    await expect(readRouterStatus("lab", rooms, newCall())).rejects.toMatchObject({ code: "FAILED_PRECONDITION" })
  })
})

describe("resolveVm", () => {
  it("finds a VM by UUID and by name", async () => {
    expect((await resolveVm("h1", vmId.toUpperCase(), rooms, newCall())).id).toBe(vmId)
    expect((await resolveVm("h1", "web", rooms, newCall())).id).toBe(vmId)
  })

  it("refuses an ambiguous name with the UUIDs, and an absent one", async () => {
    const twin = "5f0c1c1e-7a52-4b1c-9f6a-0d2a5a1d0002"
    bench.world.vms.set(twin, { id: twin, name: "web", running: true, persistent: true })
    await expect(resolveVm("h1", "web", rooms, newCall())).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      hint: expect.stringContaining(twin),
    })
    await expect(resolveVm("h1", "db", rooms, newCall())).rejects.toMatchObject({ code: "NOT_FOUND" })
  })
})

import { Slash64Error, apply, detachNic, newCall, plan, removeRouter, sweep } from "@slash64/core"
import type { Plan, Swept } from "@slash64/core"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { everyRoad } from "./every-road.ts"
import { RoadBench, nicRequest, routerId, vmId } from "./road-bench.ts"

const nic = { kind: "attach-nic", networkId: "lab", host: "h1", nicId: nicRequest.id, vmId }
const router = { kind: "start-router", networkId: "lab", host: "h1" }
/** What does not change anything. */
const reads = /^(list|find|read|describe|count|status|open|openRouterStream|observe)/

let bench: RoadBench

beforeEach(async () => {
  bench = await RoadBench.open()
  const rooms = bench.rooms()
  for (const name of ["create-network", "start-router", "attach-nic"] as const) await everyRoad[name](rooms)
})

afterEach(() => bench[Symbol.asyncDispose]())

function planned(): Promise<Plan> {
  return plan({}, bench.rooms(), newCall())
}

function swept(remove = false): Promise<Swept> {
  return sweep({ remove }, bench.rooms(), newCall())
}

/** What somebody did behind our back, and the plan that it makes. */
const drifts: Readonly<Record<string, readonly [() => unknown, readonly object[]]>> = {
  "the NIC was unplugged": [() => bench.world.nics.clear(), [{ ...nic, why: "the VM has it not" }]],
  "the router VM was halted": [
    () => Object.assign(Object(bench.world.routers.get(routerId)), { running: false }),
    [{ ...router, why: "its VM is halted" }],
  ],
  "the router VM is gone": [() => bench.world.routers.clear(), [{ ...router, why: "its VM is not there" }]],
  "the network is gone from the host": [
    () => bench.world.networks.clear(),
    [{ kind: "make-network", networkId: "lab", host: "h1", why: "the network is not on the host" }],
  ],
  "the network was stopped on the host": [
    () => bench.world.networks.forEach((one, id, all) => all.set(id, { ...one, down: true })),
    [{ kind: "make-network", networkId: "lab", host: "h1", why: "the network is down on the host" }],
  ],
  "all of it is gone": [
    () => [bench.world.nics, bench.world.routers, bench.world.networks].map((map) => map.clear()),
    [{ kind: "make-network" }, router, nic],
  ],
  "the router missed a change": [
    () => bench.store.changeNetwork("lab", { ipv6: { exclude: ["2001:db8:64::77"] } }),
    [
      {
        kind: "push-router",
        networkId: "lab",
        host: "h1",
        why: expect.stringMatching(/^it serves revision \d+ of \d+$/),
      },
    ],
  ],
  "the NIC was left half detached": [
    () => bench.store.markNic(nicRequest.id, "leaving"),
    [{ kind: "push-router" }, { ...nic, kind: "detach-nic", why: "it is half detached" }],
  ],
  "the router was left half removed": [
    () => bench.store.markRouter(routerId, "leaving"),
    [{ kind: "remove-router", networkId: "lab", host: "h1", why: "it is half removed" }],
  ],
}

describe("plan and apply", () => {
  it("find nothing to do where all is as the store has it", async () => {
    expect(await planned()).toEqual({ steps: [], problems: [], outdated: [] })
    expect(await apply({}, bench.rooms(), newCall())).toEqual({ done: [], problems: [] })
  })

  it.each(Object.keys(drifts))("%s: shown, mended, and no more shown", async (name) => {
    const [drift, steps] = drifts[name] ?? []
    await drift?.()
    const verbs: string[] = []
    const rooms = bench.rooms(({ verb }) => verbs.push(verb))
    const shown = await plan({}, rooms, newCall())
    expect(shown).toMatchObject({ steps, problems: [] })
    expect(shown.steps).toHaveLength(steps?.length ?? 0)
    expect(verbs.filter((verb) => !reads.test(verb))).toEqual([])
    expect(await apply({}, bench.rooms(), newCall())).toEqual({ done: shown.steps, problems: [] })
    expect(await planned()).toEqual({ steps: [], problems: [], outdated: [] })
  })

  it("finish an attach that was cut off before the NIC was plugged", async () => {
    await detachNic(nicRequest.id, bench.rooms(), newCall())
    const dying = bench.rooms(({ verb }) => {
      if (verb === "attachNic") throw new Slash64Error("INTERNAL", "killed")
    })
    await everyRoad["attach-nic"](dying).catch(() => {})
    expect(await planned()).toMatchObject({ steps: [{ ...nic, why: "it is half attached" }] })
    await apply({ network: "lab" }, bench.rooms(), newCall())
    expect(await bench.store.findNic(nicRequest.id)).toMatchObject({ state: "attached" })
    expect(await planned()).toEqual({ steps: [], problems: [], outdated: [] })
  })

  it("leave a NIC alone whose VM is halted, and leave one to a person whose VM is gone", async () => {
    const vm = bench.world.vms.get(vmId)
    Object.assign(Object(vm), { running: false })
    expect(await planned()).toEqual({ steps: [], problems: [], outdated: [] })
    bench.world.vms.delete(vmId)
    const gone = {
      subject: `NIC ${nicRequest.id}`,
      hint: expect.stringContaining(`slash64 nic detach ${nicRequest.id}`),
    }
    expect(await planned()).toMatchObject({ steps: [], problems: [gone] })
    expect(await apply({}, bench.rooms(), newCall())).toMatchObject({ done: [], problems: [gone] })
  })

  it("tell once of a host that does not answer, and go on elsewhere", async () => {
    await bench.store.putHost({ name: "h0", plugin: "none", config: {} })
    bench.world.nics.clear()
    const problems = [{ subject: "host h0", problem: expect.stringContaining("needs the plugin") }]
    expect(await planned()).toMatchObject({ steps: [nic], problems })
    expect(await apply({}, bench.rooms(), newCall())).toMatchObject({ done: [nic], problems })
  })

  it("leave a router that does not answer to a person", async () => {
    const dead = bench.rooms(({ room, verb }) => {
      if (room === "router" && verb === "status") throw new Slash64Error("UNAVAILABLE", "no answer", { hint: "wait" })
    })
    const problems = [{ subject: "router of lab", problem: "no answer", hint: "wait" }]
    expect(await plan({ network: "lab" }, dead, newCall())).toEqual({ steps: [], problems, outdated: [] })
  })

  it("do the other steps when one fails, and say which", async () => {
    bench.world.nics.clear()
    await bench.store.changeNetwork("lab", { quarantineSeconds: 7, ipv6: { exclude: ["2001:db8:64::77"] } })
    const rooms = bench.rooms(({ verb, phase }) => {
      if (verb === "attachNic" && phase === "before")
        throw new Slash64Error("RESOURCE_EXHAUSTED", "no slot", { hint: "add one" })
    })
    expect(await apply({}, rooms, newCall())).toMatchObject({
      done: [{ kind: "push-router" }],
      problems: [{ subject: `NIC ${nicRequest.id}`, problem: "attach-nic: no slot", hint: "add one" }],
    })
  })

  it("leave what another has taken away to the end and made anew since the look", async () => {
    await bench.store.markNic(nicRequest.id, "leaving")
    await bench.store.markRouter(routerId, "leaving")
    const [rooms, other] = [bench.rooms(), bench.rooms()]
    let raced = false
    bench.world.intercept = async ({ verb, phase }) => {
      if (verb !== "listTemplates" || phase !== "after" || raced) return
      raced = true
      await removeRouter({ network: "lab", force: true }, other, newCall())
      await detachNic(nicRequest.id, other, newCall())
      await everyRoad["start-router"](other)
      await everyRoad["attach-nic"](other)
    }
    const { problems } = await apply({ network: "lab" }, rooms, newCall())
    expect(raced).toBe(true)
    expect(problems).toEqual([])
    expect(await bench.store.findNic(nicRequest.id)).toMatchObject({ state: "attached" })
    expect(await bench.store.findRouter("lab")).toMatchObject({ state: "running" })
    expect([bench.world.nics.size, bench.world.routers.size]).toEqual([1, 1])
  })

  it("are of one network when it is named, and refuse one that is not there", async () => {
    await expect(plan({ network: "nope" }, bench.rooms(), newCall())).rejects.toMatchObject({ code: "NOT_FOUND" })
    await expect(apply({ nope: 1 } as object, bench.rooms(), newCall())).rejects.toMatchObject({ field: "nope" })
  })
})

describe("sweep", () => {
  const strays = [
    { kind: "nic", id: nicRequest.id, host: "h1", vmId },
    { kind: "router", id: routerId, host: "h1" },
    { kind: "network", id: "lab", host: "h1" },
  ]

  it("finds nothing where hosts and records agree", async () => {
    expect(await swept(true)).toEqual({ strays: [], removed: [], missing: [], problems: [] })
  })

  it("finds what is in no record, changes nothing, and removes it in order when it is asked to", async () => {
    const other = await RoadBench.open()
    try {
      await other.store.putHost({ name: "h1", plugin: "memory", config: {} })
      bench.world.networks.forEach((one, id) => other.world.networks.set(id, one))
      bench.world.nics.forEach((one, id) => other.world.nics.set(id, one))
      bench.world.routers.forEach((one, id) => other.world.routers.set(id, one))
      const verbs: string[] = []
      const rooms = other.rooms(({ verb }) => verbs.push(verb))
      expect(await sweep({}, rooms, newCall())).toEqual({ strays, removed: [], missing: [], problems: [] })
      expect(verbs.filter((verb) => !reads.test(verb))).toEqual([])
      expect(await sweep({ remove: true }, other.rooms(), newCall())).toEqual({
        strays: [],
        removed: strays,
        missing: [],
        problems: [],
      })
      expect(other.world.networks.size + other.world.nics.size + other.world.routers.size).toBe(0)
      expect(await sweep({ remove: true }, other.rooms(), newCall())).toMatchObject({ strays: [], removed: [] })
    } finally {
      await other[Symbol.asyncDispose]()
    }
  })

  it("finds what is recorded and not there", async () => {
    bench.world.nics.clear()
    bench.world.routers.clear()
    expect(await swept(true)).toEqual({
      strays: [],
      removed: [],
      missing: [
        { kind: "nic", id: nicRequest.id, networkId: "lab", host: "h1" },
        { kind: "router", id: routerId, networkId: "lab", host: "h1" },
      ],
      problems: [],
    })
  })

  it("keeps what it cannot remove, and says why", async () => {
    bench.world.networks.set("other", { id: "other", attachment: { kind: "isolated" }, mtu: 1500, bridge: "b" })
    const rooms = bench.rooms(({ verb, phase }) => {
      if (verb === "removeNetwork" && phase === "before")
        throw new Slash64Error("FAILED_PRECONDITION", "in use", { hint: "free it" })
    })
    expect(await sweep({ remove: true }, rooms, newCall())).toEqual({
      strays: [{ kind: "network", id: "other", host: "h1" }],
      removed: [],
      missing: [],
      problems: [{ subject: "network other on host h1", problem: "in use", hint: "free it" }],
    })
  })
})

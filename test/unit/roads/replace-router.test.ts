import {
  Slash64Error,
  apply,
  moveRouter,
  newCall,
  plan,
  removeRouter,
  startRouter,
  sweep,
  upgradeRouter,
} from "@slash64/core"
import type { ReplacedRouter, Rooms } from "@slash64/core"
import { lostAnswer } from "@slash64/conformance"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { everyRoad } from "./every-road.ts"
import { RoadBench, routerId } from "./road-bench.ts"
import type { RoadStep } from "./road-bench.ts"

let bench: RoadBench

/** Two hosts, a router of size 2 and 512 on the first, an attached NIC with a lease, and a newer template. */
async function openBench(): Promise<RoadBench> {
  const opened = await RoadBench.open()
  await opened.addHost()
  const rooms = opened.rooms()
  for (const name of ["create-network", "start-router", "attach-nic"] as const) await everyRoad[name](rooms)
  const [nic] = await opened.store.listNics()
  opened.routers.ask(routerId, nic?.mac ?? "")
  await opened.register("newer", "qcow2", "2")
  return opened
}

beforeEach(async () => {
  bench = await openBench()
})
afterEach(() => bench[Symbol.asyncDispose]())

const upgrade = (rooms: Rooms): Promise<ReplacedRouter> => upgradeRouter({ network: "lab" }, rooms, newCall())
const move = (rooms: Rooms, force = false): Promise<ReplacedRouter> =>
  moveRouter({ network: "lab", host: "h2", force }, rooms, newCall())

/** All router VMs of both hosts. */
function vms(of = bench): readonly { readonly id: string; readonly running: boolean }[] {
  return [of.world, of.other].flatMap(({ routers }) => Array.from(routers.values()))
}

/** What must be the same at the end, however it was come to; leases may be lost on the way. */
async function ending(of: RoadBench): Promise<unknown> {
  const router = await of.store.findRouter("lab")
  const { revision: _revision, ...served } = of.routers.stateOf(router?.vmId ?? "") ?? { revision: 0 }
  return { router, served, vms: vms(of), nics: await of.store.listNics(), plan: await plan({}, of.rooms(), newCall()) }
}

const switchedOff = new Slash64Error("UNAVAILABLE", "no route to host")
const dead = ({ room }: RoadStep): void => {
  if (room === "host") throw switchedOff
}

describe("upgradeRouter", () => {
  it("replaces the VM by one from the newest template, with the same identity, address and lease", async () => {
    const before = await bench.store.findRouter("lab")
    const [nic] = await bench.store.listNics()
    const { router, replaced, gapMs } = await upgrade(bench.rooms())
    expect(replaced).toBe(true)
    expect(gapMs).toBeGreaterThanOrEqual(0)
    expect(router).toEqual({
      ...before,
      vmId: expect.not.stringMatching(String(before?.vmId)),
      templateDigest: expect.not.stringMatching(String(before?.templateDigest)),
      templateVersion: "2",
    })
    expect(vms()).toEqual([expect.objectContaining({ id: router.vmId, running: true })])
    expect(bench.routers.leasesOf(router.vmId)).toEqual([nic?.mac])
    expect(bench.routers.ask(router.vmId, nic?.mac ?? "")).toBe(nic?.ipv6)
    expect(await plan({}, bench.rooms(), newCall())).toEqual({ steps: [], problems: [], outdated: [] })
  })

  it("is shown by the plan as what nobody does unasked", async () => {
    const outdated = [{ networkId: "lab", host: "h1", templateVersion: "1", newest: "2" }]
    expect(await plan({}, bench.rooms(), newCall())).toEqual({ steps: [], problems: [], outdated })
    expect(await apply({}, bench.rooms(), newCall())).toEqual({ done: [], problems: [] })
    expect((await bench.store.findRouter("lab"))?.templateVersion).toBe("1")
  })

  it("stops nothing when it is repeated", async () => {
    await upgrade(bench.rooms())
    const end = await ending(bench)
    const again = await upgrade(bench.rooms())
    expect(again).toMatchObject({ replaced: false })
    expect(again.gapMs).toBeUndefined()
    expect(await ending(bench)).toEqual(end)
  })

  it("never has two VMs run at once, and makes all of the new one before the old one stops", async () => {
    const seen: string[] = []
    await upgrade(
      bench.rooms(({ room, verb, phase }) => {
        if (room === "host" && phase === "after") seen.push(`${verb} ${vms().filter(({ running }) => running).length}`)
      }),
    )
    expect(seen.filter((one) => /^(prepare|halt|ensure|remove)Router/.test(one))).toEqual([
      "prepareRouter 1",
      "haltRouter 0",
      "ensureRouter 1",
      "removeRouter 1",
    ])
  })

  it("does without a host's preparing and halting", async () => {
    const rooms = bench.rooms()
    const hosts: Rooms["hosts"] = {
      ...rooms.hosts,
      open: async (name, call) => {
        const host = await rooms.hosts.open(name, call)
        return Object.create(host, { prepareRouter: { value: undefined }, haltRouter: { value: undefined } })
      },
    }
    const { router } = await upgrade({ ...rooms, hosts })
    expect(vms()).toEqual([expect.objectContaining({ id: router.vmId, running: true })])
  })

  it("goes on without the leases of a router that does not answer, and gives nobody another's address", async () => {
    const rooms = bench.rooms(({ verb }) => {
      if (verb === "readLeases") throw new Slash64Error("UNAVAILABLE", "no answer")
    })
    const { router } = await upgrade(rooms)
    const [nic] = await bench.store.listNics()
    expect(bench.routers.leasesOf(router.vmId)).toEqual([])
    expect(bench.routers.ask(router.vmId, "02:00:00:00:00:99")).toBeUndefined()
    expect(bench.routers.ask(router.vmId, nic?.mac ?? "")).toBe(nic?.ipv6)
  })

  it("keeps the router's size", async () => {
    await removeRouter({ network: "lab", force: true }, bench.rooms(), newCall())
    const [first] = await bench.store.listTemplates()
    const request = { network: "lab", host: "h1", vcpus: 2, memoryMiB: 512, template: first?.digest ?? "" }
    await startRouter(request, bench.rooms(), newCall())
    const { router } = await upgrade(bench.rooms())
    expect(router).toMatchObject({ vcpus: 2, memoryMiB: 512, templateVersion: "2" })
  })
})

describe("moveRouter", () => {
  it("takes the router to the other host, and its lease too", async () => {
    const [nic] = await bench.store.listNics()
    const { router } = await move(bench.rooms())
    expect(router).toMatchObject({ host: "h2", templateVersion: "1" })
    expect(bench.world.routers.size).toBe(0)
    expect(bench.other.routers.get(router.vmId)).toMatchObject({ running: true })
    expect(bench.routers.leasesOf(router.vmId)).toEqual([nic?.mac])
    expect(await move(bench.rooms())).toMatchObject({ replaced: false })
  })

  it("changes nothing when the host that it is on does not answer", async () => {
    const before = await bench.store.findRouter("lab")
    await expect(move(bench.rooms(dead))).rejects.toMatchObject({
      code: "UNAVAILABLE",
      field: "host",
      value: "h1",
      hint: expect.stringMatching(/--force/),
    })
    const { replacement, ...router } = (await bench.store.findRouter("lab")) ?? {}
    expect(router).toEqual(before)
    expect(replacement).toMatchObject({ host: "h2" })
    expect(vms().filter(({ running }) => running)).toHaveLength(1)
  })

  it("leaves a dead host by force; when that comes back, apply stops what it left there", async () => {
    const [nic] = await bench.store.listNics()
    const { router } = await move(bench.rooms(dead), true)
    expect(router).toMatchObject({ host: "h2", former: [{ vmId: routerId, host: "h1", lost: true }] })
    expect(bench.routers.ask(router.vmId, nic?.mac ?? "")).toBe(nic?.ipv6)
    const still = await plan({ network: "lab" }, bench.rooms(dead), newCall())
    expect(still.steps).toEqual([])
    // It is back, and its autostart has started the VM.
    const stale = { kind: "remove-former-router", networkId: "lab", host: "h1", vmId: routerId }
    expect((await plan({}, bench.rooms(), newCall())).steps[0]).toMatchObject(stale)
    expect((await sweep({ remove: true }, bench.rooms(), newCall())).strays).toEqual([])
    expect((await apply({}, bench.rooms(), newCall())).done[0]).toMatchObject(stale)
    expect(vms()).toEqual([expect.objectContaining({ id: router.vmId, running: true })])
    expect(await bench.store.findRouter("lab")).not.toHaveProperty("former")
    expect((await plan({}, bench.rooms(), newCall())).steps).toEqual([])
  })

  it("stops the VM by force too, where its host answers after all", async () => {
    const { router } = await move(bench.rooms(), true)
    expect(router).not.toHaveProperty("former")
    expect(vms()).toEqual([expect.objectContaining({ id: router.vmId, running: true })])
  })

  it("is given up for another target, and leaves nothing half made", async () => {
    const killed = bench.rooms(({ verb, phase }) => {
      if (verb === "prepareRouter" && phase === "after") throw new Error("killed")
    })
    await expect(move(killed)).rejects.toThrow("killed")
    bench.letTimePass()
    expect(bench.other.routers.size).toBe(1)
    const { router } = await upgrade(bench.rooms())
    expect(router).toMatchObject({ host: "h1", templateVersion: "2" })
    expect(vms()).toEqual([expect.objectContaining({ id: router.vmId, running: true })])
  })

  it("leaves nothing on either host when the router is removed halfway", async () => {
    const killed = bench.rooms(({ verb, phase }) => {
      if (verb === "haltRouter" && phase === "after") throw new Error("killed")
    })
    await expect(move(killed)).rejects.toThrow("killed")
    bench.letTimePass()
    await removeRouter({ network: "lab", force: true }, bench.rooms(), newCall())
    expect(vms()).toEqual([])
    expect(await bench.store.findRouter("lab")).toBeUndefined()
  })
})

type Road = (rooms: Rooms) => Promise<unknown>
const label = ({ phase, room, verb }: RoadStep): string => `${phase} ${room}.${verb}`
const byApply: Road = (rooms) => apply({}, rooms, newCall())

async function undisturbed(road: Road): Promise<{ readonly steps: readonly RoadStep[]; readonly end: unknown }> {
  await using other = await openBench()
  const steps: RoadStep[] = []
  await road(other.rooms((step) => steps.push(step)))
  return { steps, end: await ending(other) }
}

describe("a replacement whose process is killed anywhere", () => {
  it.each<readonly [string, Road, Road]>([
    ["upgrade, by the same again", upgrade, upgrade],
    ["move, by apply", move, byApply],
    ["move by force, by the same again", (rooms) => move(rooms, true), (rooms) => move(rooms, true)],
  ])(
    "ends with one VM: %s",
    async (_name, road, mend) => {
      const { steps, end } = await undisturbed(road)
      expect(steps.length).toBeGreaterThan(40)
      for (const [index, step] of steps.entries()) {
        await using other = await openBench()
        let count = 0
        const killed = other.rooms(() => {
          if (count >= index) throw new Error("killed")
          count += 1
        })
        await expect(road(killed), label(step)).rejects.toThrow("killed")
        other.letTimePass()
        const before = await other.store.findRouter("lab")
        const begun = before?.replacement !== undefined || before?.vmId !== routerId
        await mend(other.rooms())
        expect(
          vms(other).filter(({ running }) => running),
          label(step),
        ).toHaveLength(1)
        // Before it was noted nobody but the caller knows what was wanted.
        if (!begun) await road(other.rooms())
        expect(await ending(other), label(step)).toEqual(end)
      }
    },
    120_000,
  )

  it("comes to its end by itself when any one answer of a host or router is lost", async () => {
    const { steps, end } = await undisturbed(move)
    const answers = [...steps.entries()].filter(([, step]) => step.room !== "store" && step.phase === "after")
    expect(answers.length).toBeGreaterThan(10)
    for (const [index, step] of answers) {
      await using other = await openBench()
      let count = 0
      const rooms = other.rooms(() => {
        count += 1
        if (count === index + 1) throw lostAnswer(step.verb)
      })
      await move(rooms)
      expect(await ending(other), label(step)).toEqual(end)
    }
  }, 120_000)
})

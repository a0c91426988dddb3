import { setTimeout as sleep } from "node:timers/promises"
import { MemoryHost } from "@slash64/conformance"
import { attachNic, detachNic, newCall, openHosts, openRooms, plan } from "@slash64/core"
import type { Call, HostEvent, Rooms } from "@slash64/core"
import { keepTrue } from "@slash64/serve"
import type { Loop } from "@slash64/serve"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { everyRoad } from "../roads/every-road.ts"
import { RoadBench, nicRequest, routerId, vmId } from "../roads/road-bench.ts"

const never = 3_600_000

describe("keepTrue", () => {
  let bench: RoadBench
  let loop: Loop | undefined

  beforeEach(async () => {
    bench = await RoadBench.open()
    const rooms = bench.rooms()
    for (const name of ["create-network", "start-router", "attach-nic"] as const) await everyRoad[name](rooms)
  })

  afterEach(async () => {
    await loop?.close()
    loop = undefined
    await bench[Symbol.asyncDispose]()
  })

  it("mends when it begins what was done while nobody looked", async () => {
    bench.world.nics.clear()
    bench.world.routers.clear()
    loop = keepTrue(bench.rooms(), { everyMs: never })
    await until(async () => bench.world.nics.size === 1 && bench.routers.stateOf(routerId)?.reservations.length === 1)
    await until(isTrue)
    expect(await bench.store.findNic(nicRequest.id)).toMatchObject({ state: "attached" })
  })

  it("mends from time to time what a host does not tell", async () => {
    loop = keepTrue(bench.rooms(), { everyMs: 20 })
    for (const _ of [1, 2]) {
      bench.world.nics.clear()
      await until(async () => bench.world.nics.size === 1)
      Object.assign(Object(bench.world.routers.get(routerId)), { running: false })
      await until(async () => bench.world.routers.get(routerId)?.running === true)
    }
    expect(await bench.store.listNics()).toHaveLength(1)
  })

  it("goes on when a look fails, and finishes what was half detached", async () => {
    let failures = 0
    const rooms = bench.rooms(({ room, verb }) => {
      if (room === "host" && verb === "listNics" && failures < 3) {
        failures += 1
        throw new Error("a defect of the host")
      }
    })
    await bench.store.markNic(nicRequest.id, "leaving")
    loop = keepTrue(rooms, { everyMs: 20 })
    await until(async () => (await bench.store.listNics()).length === 0)
    expect(failures).toBe(3)
    expect(bench.world.nics.size).toBe(0)
    expect(bench.routers.stateOf(routerId)?.reservations).toEqual([])
  })

  it("looks when a host tells that something happened, and not at the event alone", async () => {
    const told = new Events()
    loop = keepTrue(watched(bench, told), { everyMs: never })
    await told.listening
    await until(isTrue)

    bench.world.nics.clear()
    told.tell({ kind: "nic-unplugged", vmId, nicId: nicRequest.id })
    await until(async () => bench.world.nics.size === 1)

    Object.assign(Object(bench.world.routers.get(routerId)), { running: false })
    told.tell({ kind: "vm-stopped", vmId: "00000000-0000-4000-8000-00000000dead" })
    await until(async () => bench.world.routers.get(routerId)?.running === true)
    expect([...bench.world.nics.keys()]).toEqual([nicRequest.id])
  })

  it("releases the lease of a VM that stopped, and not of one that runs again by then", async () => {
    const told = new Events()
    const mac = (await bench.store.findNic(nicRequest.id))?.mac ?? ""
    loop = keepTrue(watched(bench, told), { everyMs: never })
    await told.listening
    bench.routers.ask(routerId, mac)
    told.tell({ kind: "vm-stopped", vmId })
    let asked = 0
    bench.world.intercept = ({ verb }) => {
      if (verb === "findVm") asked += 1
    }
    told.tell({ kind: "vm-stopped", vmId })
    await until(async () => asked > 0)
    expect(bench.routers.leasesOf(routerId)).toEqual([mac])

    Object.assign(Object(bench.world.vms.get(vmId)), { running: false })
    told.tell({ kind: "vm-stopped", vmId })
    await until(async () => bench.routers.leasesOf(routerId).length === 0)
    expect(await bench.store.findNic(nicRequest.id)).toMatchObject({ state: "attached" })
  })

  it("leaves store, routers and hosts agreed after 50 attaches and detaches in lives that end anywhere", async () => {
    const random = newRandom(64)
    const vms = Array.from({ length: 12 }, (_, index) => `00000000-0000-4000-8000-0000000000${index + 10}`)
    for (const id of vms) bench.world.vms.set(id, { id, name: id, running: true, persistent: true })
    let [lives, calls, cutOff] = [0, 0, 0]
    while (calls < 50) {
      lives += 1
      const life = newLife(bench, 20 + random(80))
      const living = keepTrue(life.rooms, { everyMs: 40 })
      while (!life.dead() && calls < 50) {
        const at = random(vms.length)
        const id = `nic-${at}`
        const request = { network: "lab", host: "h1", vmId: vms[at] ?? "", id }
        const work = random(3) > 0 ? attachNic(request, life.rooms, newCall()) : detachNic(id, life.rooms, newCall())
        calls += 1
        cutOff += await work.then(() => 0).catch(() => 1)
      }
      life.kill()
      await living.close()
      bench.letTimePass()
    }
    loop = keepTrue(bench.rooms(), { everyMs: 10 })
    await until(isTrue)

    const nics = await bench.store.listNics()
    const reservations = bench.routers.stateOf(routerId)?.reservations ?? []
    const [inStore, onHost, onRouter] = [
      nics.map(({ id }) => id),
      [...bench.world.nics.keys()].toSorted(),
      reservations.map(({ mac }) => mac).toSorted(),
    ]
    process.stdout.write(
      `${calls} attaches and detaches in ${lives} lives, ${cutOff} cut off: ${inStore.length} NICs in the store, ` +
        `${onHost.length} on the host, ${onRouter.length} on the router\n`,
    )
    expect(lives).toBeGreaterThan(2)
    expect(nics.filter(({ state }) => state !== "attached")).toEqual([])
    expect(onHost).toEqual(inStore)
    expect(onRouter).toEqual(nics.map(({ mac }) => mac).toSorted())
    expect(new Set(nics.map(({ ipv6 }) => ipv6)).size).toBe(nics.length)
  })

  async function isTrue(): Promise<boolean> {
    const { steps, problems } = await plan({}, bench.rooms(), newCall())
    return steps.length + problems.length === 0
  }
})

/** A process that dies after so many steps: whatever it does then fails, and nothing of it happens. */
function newLife(bench: RoadBench, steps: number) {
  let left = steps
  const rooms = bench.rooms(() => {
    left -= 1
    if (left < 0) throw new Error("killed")
  })
  return { rooms, dead: () => left < 0, kill: () => (left = 0) }
}

/** Rooms on a host that tells what happens. */
function watched(bench: RoadBench, told: Events): Rooms {
  const plugin = {
    name: "memory",
    contract: "1.0",
    parseConfig: (input: unknown) => input,
    connect: async () => Object.assign(new MemoryHost(bench.world), { watch: (call: Call) => told.watch(call) }),
  }
  const patience = { pauseMs: 0, bootMs: 50 }
  return openRooms({ store: bench.store, hosts: openHosts(bench.store, [plugin]), routers: bench.routers, patience })
}

class Events {
  readonly #waiting: HostEvent[] = []
  readonly #begun = Promise.withResolvers<void>()
  readonly listening = this.#begun.promise

  tell(event: HostEvent): void {
    this.#waiting.push(event)
  }

  async *watch({ signal }: Call): AsyncGenerator<HostEvent> {
    this.#begun.resolve()
    while (!signal.aborted) {
      const event = this.#waiting.shift()
      if (event === undefined) await sleep(2)
      else yield event
    }
  }
}

/** Whole numbers from 0 to `below`, the same ones in each run (mulberry32). */
function newRandom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(5)
}

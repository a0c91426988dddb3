import { readFileSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { lostAnswer } from "@slash64/conformance"
import { Slash64Error, attachNic, createNetwork, newCall, nicIdFor, roadNames } from "@slash64/core"
import type { EventsMissed, RoadEvent, Rooms } from "@slash64/core"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { everyRoad } from "./every-road.ts"
import { RoadBench, networkRequest, nicRequest, routerId, vmId } from "./road-bench.ts"

let bench: RoadBench

beforeEach(async () => {
  bench = await RoadBench.open()
})
afterEach(() => bench[Symbol.asyncDispose]())

/** What is told while `act` goes. */
async function heard(rooms: Rooms, act: () => Promise<unknown>): Promise<readonly RoadEvent[]> {
  const events: (RoadEvent | EventsMissed)[] = []
  const unsubscribe = rooms.events.subscribe((event) => events.push(event))
  await act().catch(() => {})
  await unsubscribe()
  return events.filter((event) => event.kind !== "events-missed")
}

async function walk(rooms: Rooms, ...roads: (keyof typeof everyRoad)[]): Promise<void> {
  for (const road of roads) await everyRoad[road](rooms)
}

const kinds = (events: readonly RoadEvent[]): string[] => events.map(({ kind }) => kind)

describe("events of the roads", () => {
  it("tell each fact in order, under the road and the request that made it", async () => {
    const rooms = bench.rooms()
    const told: Record<string, string[]> = {}
    for (const road of Object.values(everyRoad)) {
      for (const event of await heard(rooms, () => road(rooms))) {
        expect(event.requestId).toBe(event.road)
        expect(event.at).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
        told[event.road] = [...(told[event.road] ?? []), event.kind]
      }
    }
    expect(told).toEqual({
      "create-network": ["network-created", "road-ended"],
      "change-network": ["network-changed", "router-converged", "road-ended"],
      "start-router": ["router-converged", "router-started", "road-ended"],
      "upgrade-router": ["router-converged", "router-started", "road-ended"],
      "move-router": ["router-converged", "router-started", "road-ended"],
      "resolve-vm": ["road-ended"],
      "register-template": ["road-ended"],
      "release-lease": ["road-ended"],
      plan: ["road-ended"],
      apply: ["road-ended"],
      sweep: ["road-ended"],
      "attach-nic": ["nic-claimed", "router-converged", "nic-attached", "road-ended"],
      "change-default-nic": ["nic-default", "router-converged", "road-ended"],
      "converge-router": ["router-converged", "road-ended"],
      "read-router-status": ["road-ended"],
      "detach-nic": ["nic-leaving", "router-converged", "nic-detached", "road-ended"],
      "remove-router": ["router-removed", "road-ended"],
      "remove-network": ["network-removed", "road-ended"],
      "create-pool": ["pool-created", "road-ended"],
      "resize-pool": ["pool-resized", "road-ended"],
      "claim-prefix": ["prefix-claimed", "road-ended"],
      "release-prefix": ["prefix-released", "road-ended"],
      "remove-pool": ["pool-removed", "road-ended"],
    })
    expect(Object.keys(told).toSorted()).toEqual(roadNames.toSorted())
  })

  it("are JSON that says which NIC, address, router, revision and generation", async () => {
    const rooms = bench.rooms()
    await walk(rooms, "create-network", "start-router")
    const events = await heard(rooms, () => everyRoad["attach-nic"](rooms))
    expect(JSON.parse(JSON.stringify(events))).toEqual(events)
    const [nic] = await bench.store.listNics()
    const { revision } = (await bench.store.readNetwork("lab")) ?? {}
    const fact = { nicId: nicRequest.id, networkId: "lab", host: "h1", vmId, mac: nic?.mac, ipv6: nic?.ipv6 }
    expect(events).toMatchObject([
      { kind: "nic-claimed", ...fact, durationMs: expect.any(Number) },
      { kind: "router-converged", routerId, networkId: "lab", host: "h1", revision, generation: 2 },
      { kind: "nic-attached", ...fact },
      { kind: "road-ended", durationMs: expect.any(Number) },
    ])
  })

  it("come after the fact is in the store", async () => {
    const steps: string[] = []
    const watching = bench.rooms(({ room, verb, phase }) => {
      if (room === "store" && phase === "after") steps.push(verb)
    })
    const tell = watching.events.tell.bind(watching.events)
    watching.events.tell = (event) => {
      steps.push(event.kind)
      tell(event)
    }
    await walk(watching, "create-network", "start-router")
    steps.length = 0
    await walk(watching, "attach-nic", "detach-nic")
    const order = steps.filter((step) => /claimNic|markNic|freeNic|^nic-/.test(step))
    expect(order).toEqual(
      "claimNic nic-claimed markNic nic-attached markNic nic-leaving freeNic nic-detached".split(" "),
    )
  })

  it("are told again when a road is repeated, but a NIC that is attached is claimed no more", async () => {
    const rooms = bench.rooms()
    await walk(rooms, "create-network", "start-router", "attach-nic")
    expect(kinds(await heard(rooms, () => everyRoad["create-network"](rooms)))).toContain("network-created")
    const again = kinds(await heard(rooms, () => everyRoad["attach-nic"](rooms)))
    expect(again).toEqual(["router-converged", "nic-attached", "road-ended"])
  })

  it("disturb no road, whatever a subscriber does", async () => {
    const rooms = bench.rooms()
    rooms.events.subscribe(() => {
      throw new Error("broken subscriber")
    })
    rooms.events.subscribe(() => new Promise(() => {}))
    await walk(rooms, "create-network", "start-router", "attach-nic", "detach-nic", "remove-network")
    expect(await bench.store.listNetworks()).toEqual([])
  })

  it("tell that a network is full", async () => {
    const rooms = bench.rooms()
    const range = { start: "2001:db8:64::100", end: "2001:db8:64::100" }
    await createNetwork({ ...networkRequest, ipv6: { ...networkRequest.ipv6, range } }, rooms, newCall())
    await walk(rooms, "start-router", "attach-nic")
    const another = { ...nicRequest, id: nicIdFor("lab", vmId, 1) }
    const events = await heard(rooms, () => attachNic(another, rooms, newCall()))
    expect(events).toMatchObject([
      { kind: "addresses-exhausted", networkId: "lab" },
      { kind: "road-failed", code: "RESOURCE_EXHAUSTED" },
    ])
  })

  it("tell a failed push, each repeat of it, and the end", async () => {
    const calm = bench.rooms()
    await walk(calm, "create-network", "start-router")
    const rooms = bench.rooms(({ verb, phase }) => {
      if (verb === "push" && phase === "before") throw lostAnswer("push")
    })
    const events = await heard(rooms, () => everyRoad["converge-router"](rooms))
    const failed = events.filter(({ kind }) => kind === "router-not-converged")
    expect(failed).toHaveLength(rooms.patience.repeats + 1)
    expect(failed[0]).toMatchObject({ routerId, networkId: "lab", code: "UNAVAILABLE" })
    const repeats = events.filter((event) => event.kind === "step-failed").map(({ repeatsLeft }) => repeatsLeft)
    expect(repeats).toEqual([4, 3, 2, 1])
    expect(events.at(-1)).toMatchObject({ kind: "road-failed", code: "UNAVAILABLE", requestId: "converge-router" })
  })

  it.each([
    [new Slash64Error("NOT_FOUND", "gone"), "NOT_FOUND"],
    [new Error("a defect"), "INTERNAL"],
  ])("tell how each road failed: %s", async (error, code) => {
    const rooms = bench.rooms(() => {
      throw error
    })
    for (const [road, take] of Object.entries(everyRoad)) {
      const events = await heard(rooms, () => take(rooms))
      expect(events.at(-1), road).toMatchObject({ kind: "road-failed", road, code, requestId: road })
    }
  })
})

it("every road tells and logs in one place", () => {
  const roads = join(import.meta.dirname, "../../../packages/core/src/roads")
  const files = readdirSync(roads).filter((file) => /(?<!\.test)\.ts$/.test(file))
  const matching = (pattern: RegExp): string[] =>
    files.filter((file) => pattern.test(readFileSync(join(roads, file), "utf8")))
  expect(matching(/rooms\.log\b/)).toEqual(["road.ts"])
  expect(matching(/events\.tell/)).toEqual(["road.ts"])
  const sources = files.map((file) => readFileSync(join(roads, file), "utf8")).join("\n")
  const taken = Array.from(sources.matchAll(/= road\(\s*"([\w-]+)"/g), ([, name]) => name ?? "")
  expect(taken.toSorted()).toEqual(roadNames.toSorted())
})

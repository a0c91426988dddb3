import { lostAnswer } from "@slash64/conformance"
import { attachNic, createNetwork, detachNic, isSlash64Error, newCall, removeNetwork, startRouter } from "@slash64/core"
import type { Call, Rooms } from "@slash64/core"
import { describe, expect, it } from "vitest"
import { RoadBench, networkRequest, nicRequest, routerId } from "./road-bench.ts"
import type { RoadStep } from "./road-bench.ts"

type Road = (rooms: Rooms, call: Call) => Promise<unknown>

async function toNic(rooms: Rooms, call: Call): Promise<void> {
  await createNetwork(networkRequest, rooms, call)
  await startRouter({ network: "lab", host: "h1" }, rooms, call)
  await attachNic(nicRequest, rooms, call)
}

async function toNothing(rooms: Rooms, call: Call): Promise<void> {
  await detachNic(nicRequest.id, rooms, call)
  await removeNetwork("lab", rooms, call)
}

/** A road, and what is there before it is taken. */
const roads: readonly { name: string; before: Road; road: Road }[] = [
  { name: "from nothing to an attached NIC", before: async () => {}, road: toNic },
  { name: "from an attached NIC to nothing", before: toNic, road: toNothing },
]

async function benchAt(before: Road): Promise<RoadBench> {
  const bench = await RoadBench.open()
  await before(bench.rooms(), newCall())
  const [nic] = await bench.store.listNics()
  if (nic !== undefined) bench.routers.ask(routerId, nic.mac)
  return bench
}

/** The steps of an undisturbed run, and what is there after it. */
async function undisturbed(before: Road, road: Road): Promise<{ steps: RoadStep[]; end: unknown }> {
  await using bench = await benchAt(before)
  const steps: RoadStep[] = []
  await road(
    bench.rooms((step) => steps.push(step)),
    newCall(),
  )
  return { steps, end: await bench.everything() }
}

const label = (step: RoadStep | undefined): string => `${step?.phase} ${step?.room}.${step?.verb}`

describe.each(roads)("$name", ({ before, road }) => {
  it("is repeated without a change", async () => {
    const { end } = await undisturbed(before, road)
    await using bench = await benchAt(before)
    await road(bench.rooms(), newCall())
    await road(bench.rooms(), newCall())
    expect(await bench.everything()).toEqual(end)
  })

  it("ends the same when its process is killed anywhere and it is repeated", async () => {
    const { steps, end } = await undisturbed(before, road)
    expect(steps.length).toBeGreaterThan(20)
    for (const [index, step] of steps.entries()) {
      await using bench = await benchAt(before)
      let count = 0
      // A killed process does nothing more, whatever its code would do with an error.
      const killed = bench.rooms(() => {
        if (count >= index) throw new Error("killed")
        count += 1
      })
      await expect(road(killed, newCall()), label(step)).rejects.toThrow("killed")
      bench.letTimePass()
      await road(bench.rooms(), newCall())
      expect(await bench.everything(), label(step)).toEqual(end)
    }
  })

  it("ends the same when it is cancelled anywhere and repeated", async () => {
    const { steps, end } = await undisturbed(before, road)
    for (const [index, step] of steps.entries()) {
      await using bench = await benchAt(before)
      const cancel = new AbortController()
      let count = 0
      const rooms = bench.rooms(() => {
        if (count === index) cancel.abort()
        count += 1
      })
      // What is cancelled at its last steps may come to its end.
      const mayEnd = index > steps.length - 5
      const outcome = await road(rooms, newCall({ signal: cancel.signal })).then(
        () => (mayEnd ? "CANCELLED" : "not cancelled"),
        (error: unknown) => (isSlash64Error(error) ? error.code : error),
      )
      expect(outcome, label(step)).toBe("CANCELLED")
      await road(bench.rooms(), newCall())
      expect(await bench.everything(), label(step)).toEqual(end)
    }
  })

  it("comes to its end by itself when any one answer of a host or router is lost", async () => {
    const { steps, end } = await undisturbed(before, road)
    const answers = [...steps.entries()].filter(([, step]) => step.room !== "store" && step.phase === "after")
    expect(answers.length).toBeGreaterThan(3)
    for (const [index, step] of answers) {
      await using bench = await benchAt(before)
      let count = 0
      const rooms = bench.rooms(() => {
        count += 1
        if (count === index + 1) throw lostAnswer(step.verb)
      })
      await road(rooms, newCall())
      expect(await bench.everything(), label(step)).toEqual(end)
    }
  })

  it("says UNAVAILABLE when a host or router never answers, and a repeat ends it", async () => {
    const { steps, end } = await undisturbed(before, road)
    const verbs = new Set(steps.filter((step) => step.room !== "store").map((step) => `${step.room}.${step.verb}`))
    for (const verb of verbs) {
      await using bench = await benchAt(before)
      const rooms = bench.rooms((step) => {
        if (`${step.room}.${step.verb}` === verb && step.phase === "after") throw lostAnswer(verb)
      })
      const short = { ...rooms, patience: { ...rooms.patience, bootMs: 20 } }
      await expect(road(short, newCall()), verb).rejects.toMatchObject({ code: "UNAVAILABLE" })
      await road(bench.rooms(), newCall())
      expect(await bench.everything(), verb).toEqual(end)
    }
  })
})

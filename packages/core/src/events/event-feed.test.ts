import { describe, expect, it } from "vitest"
import { EventFeed } from "./event-feed.ts"
import type { EventListener } from "./event-feed.ts"
import type { RoadEvent } from "./road-event.ts"

const at = "2026-01-01T00:00:00.000Z"
const event = (durationMs: number): RoadEvent => ({
  kind: "road-ended",
  durationMs,
  requestId: "r",
  road: "attach-nic",
  at,
})

function feed() {
  const failures: unknown[] = []
  return { failures, feed: new EventFeed((error) => failures.push(error)) }
}

/** What was heard: the number of an event, or how many were missed. */
function recorder(before: () => unknown = () => {}) {
  const heard: (number | string)[] = []
  const listener: EventListener = async (one) => {
    await before()
    if (one.kind === "events-missed") heard.push(`missed ${one.missed}`)
    else if ("durationMs" in one) heard.push(one.durationMs)
  }
  return { heard, listener }
}

describe("EventFeed", () => {
  it("delivers in order, and never in the turn of the teller", async () => {
    const { feed: events } = feed()
    const { heard, listener } = recorder()
    const end = events.subscribe(listener)
    for (const number of [1, 2, 3]) events.tell(event(number))
    await Promise.resolve()
    expect(heard).toEqual([])
    await end()
    expect(heard).toEqual([1, 2, 3])
  })

  it("goes on after a listener that throws or rejects, and tells the others", async () => {
    const { feed: events, failures } = feed()
    let asked = 0
    const ends = [
      events.subscribe(() => {
        asked += 1
        throw new Error("thrown")
      }),
      events.subscribe(() => Promise.reject(new Error("rejected"))),
    ]
    const { heard, listener } = recorder()
    ends.push(events.subscribe(listener))
    events.tell(event(1))
    events.tell(event(2))
    await Promise.all(ends.map((end) => end()))
    expect([asked, heard]).toEqual([2, [1, 2]])
    expect(failures.map(String).toSorted()).toEqual([
      "Error: rejected",
      "Error: rejected",
      "Error: thrown",
      "Error: thrown",
    ])
  })

  it("keeps no listener waiting for a slow one, and tells the slow one how many it missed and where", async () => {
    const { feed: events } = feed()
    const gate = Promise.withResolvers<void>()
    const slow = recorder(() => gate.promise)
    const quick = recorder()
    const endSlow = events.subscribe(slow.listener, { waiting: 2 })
    const endQuick = events.subscribe(quick.listener)
    for (const number of [1, 2, 3, 4]) events.tell(event(number))
    await endQuick()
    expect(quick.heard).toEqual([1, 2, 3, 4])
    expect(slow.heard).toEqual([])
    events.tell(event(5))
    gate.resolve()
    await endSlow()
    expect(slow.heard).toEqual([1, 2, "missed 2", 5])
  })

  it("tells what was missed when nothing comes after it, too", async () => {
    const { feed: events } = feed()
    const { heard, listener } = recorder()
    const end = events.subscribe(listener, { waiting: 1 })
    for (const number of [1, 2, 3]) events.tell(event(number))
    await end()
    expect(heard).toEqual([1, "missed 2"])
  })

  it("tells nothing more once a subscription is ended", async () => {
    const { feed: events } = feed()
    const { heard, listener } = recorder()
    const end = events.subscribe(listener)
    events.tell(event(1))
    const ended = end()
    events.tell(event(2))
    await ended
    await end()
    expect(heard).toEqual([1])
  })

  it("hears an event that is told while it falls asleep", async () => {
    const { feed: events } = feed()
    const { heard, listener } = recorder()
    const end = events.subscribe(listener)
    for (let number = 0; number < 200; number += 1) {
      events.tell(event(number))
      // It falls asleep two turns after its last event; the microtasks look into the moment.
      for (let turn = 0; turn < number % 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
      for (let turn = 0; turn < number % 7; turn += 1) await Promise.resolve()
    }
    await end()
    expect(heard).toHaveLength(200)
  })

  it("gives nobody an event that another could change", async () => {
    const { feed: events, failures } = feed()
    const end = events.subscribe((one) => Object.assign(one, { kind: "changed" }))
    events.tell(event(1))
    await end()
    expect(failures).toHaveLength(1)
  })
})

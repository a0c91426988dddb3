import { describe, expect, it } from "vitest"
import { EventFan } from "./event-fan.ts"
import type { DomainEvent } from "./libvirt.ts"

const event = (uuid: string): DomainEvent => ({ kind: "started", uuid })

async function uuidsOf(events: AsyncIterable<DomainEvent>): Promise<readonly string[]> {
  const seen: string[] = []
  for await (const { uuid } of events) seen.push(uuid)
  return seen
}

describe("EventFan", () => {
  it("gives every reader all events from its own beginning on, until its own end", async () => {
    const fan = new EventFan()
    const [early, late] = [new AbortController(), new AbortController()]
    const first = uuidsOf(fan.read(early.signal))
    fan.tell(event("a"))
    await Promise.resolve()
    const second = uuidsOf(fan.read(late.signal))
    fan.tell(event("b"))
    await new Promise(setImmediate)
    early.abort()
    fan.tell(event("c"))
    await new Promise(setImmediate)
    late.abort()
    expect(await first).toEqual(["a", "b"])
    expect(await second).toEqual(["b", "c"])
  })

  it("tells its readers when the source fails, after what came before", async () => {
    const fan = new EventFan()
    const seen: string[] = []
    const reading = (async () => {
      for await (const { uuid } of fan.read(new AbortController().signal)) seen.push(uuid)
    })()
    fan.tell(event("a"))
    fan.fail(new Error("lost"))
    await expect(reading).rejects.toThrow("lost")
    expect(seen).toEqual(["a"])
  })

  it("ends at once for a signal that is aborted already", async () => {
    expect(await uuidsOf(new EventFan().read(AbortSignal.abort()))).toEqual([])
  })
})

import { setImmediate as turn } from "node:timers/promises"
import { describe, expect, it } from "vitest"
import type { Connection } from "../connection.ts"
import { remoteDomainEventCallbackLifecycleMsg } from "../generated/codecs.ts"
import { VIR_DOMAIN_EVENT_ID_LIFECYCLE } from "../generated/constants.ts"
import { domainEvents } from "../generated/event-tables.ts"
import { procedures } from "../generated/procedures.ts"
import { VIR_NET_MESSAGE, VIR_NET_OK } from "../generated/protocol.ts"
import { connectToFake, domainXml } from "../testing/connect-to-fake.test.kit.ts"
import type { FakeLibvirtd } from "../testing/fake-libvirtd.test.kit.ts"
import { nothing } from "../xdr/xdr-codec.ts"

const uuids = ["00112233-4455-6677-8899-aabbccddeeff", "00112233-4455-6677-8899-aabbccddee00"] as const
const lifecycle = VIR_DOMAIN_EVENT_ID_LIFECYCLE
const { program: prog, number: proc } = domainEvents[lifecycle]
const header = { prog, proc, type: VIR_NET_MESSAGE, status: VIR_NET_OK }

async function define(connection: Connection, uuid: string): ReturnType<Connection["domainDefineXmlFlags"]> {
  return connection.domainDefineXmlFlags({ xml: domainXml("vm", uuid), flags: 0 })
}

function sendLifecycle(server: FakeLibvirtd, callbackID: number): void {
  const msg = { dom: { name: "vm", uuid: uuids[0], id: 1 }, event: 2, detail: 0 }
  server.send(header, remoteDomainEventCallbackLifecycleMsg, { callbackID, msg })
}

async function allOf<T>(events: AsyncIterable<T>): Promise<T[]> {
  const seen: T[] = []
  for await (const event of events) seen.push(event)
  return seen
}

describe("a subscription", () => {
  it("gives every event from its registration on, in order", async () => {
    const { connection } = await connectToFake()
    const { dom } = await define(connection, uuids[0])
    const events = await connection.domainEvents(lifecycle)
    await connection.domainCreate({ dom })
    await connection.domainDestroy({ dom })
    await connection.domainUndefine({ dom })
    const seen: number[] = []
    for await (const { dom: subject, event } of events) {
      expect(subject.uuid).toBe(uuids[0])
      seen.push(event)
      if (event === 1) break
    }
    expect(seen).toEqual([2, 5, 1])
  })

  it("to one domain hears nothing of the others", async () => {
    const { connection } = await connectToFake()
    const [{ dom: first }, { dom: second }] = [await define(connection, uuids[0]), await define(connection, uuids[1])]
    const events = await connection.domainEvents(lifecycle, { dom: second })
    await connection.domainCreate({ dom: first })
    await connection.domainCreate({ dom: second })
    const { value } = await events[Symbol.asyncIterator]().next()
    expect(value).toMatchObject({ dom: { uuid: uuids[1], id: 2 } })
  })

  it("gets the event that came before libvirt's confirmation, and none of another's", async () => {
    const { connection, server } = await connectToFake()
    const release = server.hold(procedures.connectDomainEventCallbackRegisterAny)
    const subscribing = connection.domainEvents(lifecycle)
    await turn()
    sendLifecycle(server, 99)
    sendLifecycle(server, 1)
    release()
    const events = await subscribing
    await events.close()
    const seen = await allOf(events)
    expect(seen).toEqual([{ dom: { name: "vm", uuid: uuids[0], id: 1 }, event: 2, detail: 0 }])
  })

  it("is taken back when its loop is left, when it is closed, and at the end of its scope", async () => {
    const { connection, server } = await connectToFake()
    const { dom } = await define(connection, uuids[0])
    {
      await using scoped = await connection.domainEvents(lifecycle)
      expect(scoped).toBeDefined()
      const closed = await connection.domainEvents(lifecycle)
      const left = await connection.domainEvents(lifecycle)
      expect(server.host.registrations).toBe(3)
      await connection.domainCreate({ dom })
      for await (const _ of left) break
      await closed.close()
      await closed.close()
      expect(server.host.registrations).toBe(1)
    }
    expect(server.host.registrations).toBe(0)
  })

  it("that libvirt refuses listens no more", async () => {
    const { connection, server } = await connectToFake()
    server.host.refusesRegistrations = true
    await expect(connection.domainEvents(lifecycle)).rejects.toMatchObject({ name: "LibvirtError" })
    sendLifecycle(server, 1)
    expect(await connection.connectGetHostname()).toEqual({ hostname: "fake" })
  })

  it("ends with an error when the connection is lost, after what came before", async () => {
    const { connection, server } = await connectToFake()
    const events = await connection.domainEvents(lifecycle)
    sendLifecycle(server, 1)
    await connection.connectGetHostname()
    const reading = events[Symbol.asyncIterator]()
    expect(await reading.next()).toMatchObject({ done: false })
    const next = reading.next()
    server.drop()
    await expect(next).rejects.toMatchObject({ code: "CLOSED" })
  })

  it("ends with an error when its signal is aborted", async () => {
    const { connection, server } = await connectToFake()
    const controller = new AbortController()
    const events = await connection.domainEvents(lifecycle, { signal: controller.signal })
    const next = events[Symbol.asyncIterator]().next()
    await turn()
    const reason = new Error("enough")
    controller.abort(reason)
    await expect(next).rejects.toMatchObject({ code: "ABORTED", cause: reason })
    expect(server.host.registrations).toBe(0)
  })

  it("whose signal is aborted is taken back at libvirt, read or not", async () => {
    const { connection, server } = await connectToFake()
    const controller = new AbortController()
    const events = await connection.domainEvents(lifecycle, { signal: controller.signal })
    controller.abort()
    await connection.connectGetHostname()
    expect(server.host.registrations).toBe(0)
    await expect(allOf(events)).rejects.toMatchObject({ code: "ABORTED" })
  })

  it("that nobody reads fails instead of filling the memory or losing one silently", async () => {
    const { connection, server } = await connectToFake()
    const events = await connection.domainEvents(lifecycle)
    for (let count = 0; count <= 10_000; count++) sendLifecycle(server, 1)
    await connection.connectGetHostname()
    await expect(allOf(events)).rejects.toMatchObject({ code: "OVERFLOW" })
  })

  it("that gets what is no event ends the connection with an error", async () => {
    const { connection, server } = await connectToFake()
    const events = await connection.domainEvents(lifecycle)
    server.send(header, nothing, undefined)
    await expect(allOf(events)).rejects.toMatchObject({ code: "PROTOCOL" })
    expect(connection.failure).toMatchObject({ code: "PROTOCOL" })
  })
})

it("an event that nobody asked for is dropped", async () => {
  const { connection, server } = await connectToFake()
  sendLifecycle(server, 1)
  expect(await connection.connectGetHostname()).toEqual({ hostname: "fake" })
})

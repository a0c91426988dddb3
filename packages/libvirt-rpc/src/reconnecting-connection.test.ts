import { setImmediate as turn } from "node:timers/promises"
import { describe, expect, it } from "vitest"
import type { Connection } from "./connection.ts"
import { VIR_DOMAIN_EVENT_ID_LIFECYCLE } from "./generated/constants.ts"
import { procedures } from "./generated/procedures.ts"
import { ReconnectingConnection } from "./reconnecting-connection.ts"
import { connectToFake, domainXml } from "./testing/connect-to-fake.test.kit.ts"
import { FakeHost } from "./testing/fake-host.test.kit.ts"
import { FakeLibvirtd } from "./testing/fake-libvirtd.test.kit.ts"

const uuid = "00112233-4455-6677-8899-aabbccddeeff"

/** A host whose libvirtd can be restarted: each connection finds the same domains. */
function host(): { open: (signal: AbortSignal) => Promise<Connection>; servers: FakeLibvirtd[]; host: FakeHost } {
  const state = new FakeHost()
  const servers: FakeLibvirtd[] = []
  const open = async (signal: AbortSignal): Promise<Connection> => {
    const server = new FakeLibvirtd(state)
    servers.push(server)
    const { connection } = await connectToFake({ signal, maxCalls: 2 }, server)
    return connection
  }
  return { open, servers, host: state }
}

describe("a reconnecting connection", () => {
  it("opens when it is needed, once for all who wait", async () => {
    const { open, servers } = host()
    const connection = new ReconnectingConnection(open)
    expect(servers).toHaveLength(0)
    await Promise.all([connection.connectGetHostname(), connection.connectGetHostname(), connection.connection()])
    expect(servers).toHaveLength(1)
  })

  it("opens again after a loss, before it sends", async () => {
    const { open, servers } = host()
    const connection = new ReconnectingConnection(open)
    await connection.domainDefineXmlFlags({ xml: domainXml("vm1", uuid), flags: 0 })
    servers[0]?.drop()
    expect(await connection.domainLookupByUuid({ uuid })).toMatchObject({ dom: { name: "vm1" } })
    expect(servers).toHaveLength(2)
  })

  it("never repeats what was sent, and sends what was not", async () => {
    const { open, servers } = host()
    const connection = new ReconnectingConnection(open)
    await connection.connection()
    const [first] = servers
    first?.hold(procedures.domainDefineXmlFlags)
    const args = { xml: domainXml("vm1", uuid), flags: 0 }
    const sent = [connection.domainDefineXmlFlags(args), connection.domainDefineXmlFlags(args)]
    const waiting = connection.connectGetHostname()
    await turn()
    first?.drop()
    for (const call of sent) await expect(call).rejects.toMatchObject({ code: "CLOSED", outcome: "unknown" })
    expect(await waiting).toEqual({ hostname: "fake" })
    expect(servers[1]?.calls).toEqual(["authList", "connectOpen", "connectGetHostname"])
  })

  it("does not repeat what libvirt refused, nor what is invalid", async () => {
    const { open, servers } = host()
    const connection = new ReconnectingConnection(open)
    await expect(connection.domainLookupByUuid({ uuid })).rejects.toMatchObject({ codeName: "VIR_ERR_NO_DOMAIN" })
    await expect(connection.domainLookupByUuid({ uuid: "" })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" })
    expect(servers[0]?.calls.filter((name) => name === "domainLookupByUuid")).toHaveLength(1)
    expect(servers).toHaveLength(1)
  })

  it("tries again with the next call after it could not open", async () => {
    const { open } = host()
    let attempts = 0
    const connection = new ReconnectingConnection((signal) => {
      if (++attempts === 1) return Promise.reject(new Error("no route to host"))
      return open(signal)
    })
    await expect(connection.connectGetHostname()).rejects.toThrow("no route to host")
    expect(await connection.connectGetHostname()).toEqual({ hostname: "fake" })
  })

  it("goes on opening for the others when one has left, and stops when all have", async () => {
    let signal: AbortSignal | undefined
    const connection = new ReconnectingConnection((given) => {
      signal = given
      return new Promise((_, reject) => given.addEventListener("abort", () => reject(given.reason)))
    })
    const controllers = [new AbortController(), new AbortController()]
    const calls = controllers.map((each) => connection.connectGetHostname({ signal: each.signal }))
    await turn()
    controllers[0]?.abort()
    await expect(calls[0]).rejects.toMatchObject({ code: "ABORTED", outcome: "not-sent" })
    expect(signal?.aborted).toBe(false)
    controllers[1]?.abort()
    await expect(calls[1]).rejects.toMatchObject({ code: "ABORTED", outcome: "not-sent" })
    expect(signal?.aborted).toBe(true)
  })

  it("closes a connection that comes when nobody waits for it any more", async () => {
    const { open, servers } = host()
    const connection = new ReconnectingConnection(() => open(new AbortController().signal))
    const controller = new AbortController()
    const calling = connection.connectGetHostname({ signal: controller.signal })
    controller.abort()
    await expect(calling).rejects.toMatchObject({ code: "ABORTED" })
    for (let count = 0; count < 5; count++) await turn()
    expect(servers[0]?.clientEnd.destroyed).toBe(true)
  })

  it("gives the live connection, for streams and events", async () => {
    const { open, host: state } = host()
    const connection = new ReconnectingConnection(open)
    state.volumes.set("/pool/disk", Buffer.from("content"))
    const vol = { pool: "default", name: "disk", key: "/pool/disk" }
    const { stream } = await connection.storageVolDownload({ vol, offset: 0n, length: 0n, flags: 0 })
    expect(Buffer.concat(await stream.toArray())).toEqual(Buffer.from("content"))
    await using events = await (await connection.connection()).domainEvents(VIR_DOMAIN_EVENT_ID_LIFECYCLE)
    await connection.domainDefineXmlFlags({ xml: domainXml("vm1", uuid), flags: 0 })
    for await (const { event } of events) {
      expect(event).toBe(0)
      break
    }
  })

  it("opens nothing after it was closed", async () => {
    const { open, servers } = host()
    const connection = new ReconnectingConnection(open)
    await connection.connectGetHostname()
    await connection.close()
    await connection.close()
    await expect(connection.connectGetHostname()).rejects.toMatchObject({ code: "CLOSED", outcome: "not-sent" })
    expect(servers).toHaveLength(1)
    expect(servers[0]?.calls.at(-1)).toBe("connectClose")
  })
})

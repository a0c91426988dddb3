import { setImmediate as turn } from "node:timers/promises"
import { describe, expect, it } from "vitest"
import { connect } from "./connect.ts"
import { LibvirtConnectionError } from "./connection-error.ts"
import { VIR_ERR_NO_DOMAIN, VIR_FROM_QEMU } from "./generated/constants.ts"
import { procedures } from "./generated/procedures.ts"
import { LibvirtError } from "./libvirt-error.ts"
import { connectToFake, domainXml } from "./testing/connect-to-fake.test.kit.ts"
import { FakeHost } from "./testing/fake-host.test.kit.ts"
import { FakeLibvirtd } from "./testing/fake-libvirtd.test.kit.ts"

const uuid = "00112233-4455-6677-8899-aabbccddeeff"

describe("connect", () => {
  it("authenticates and opens the driver", async () => {
    const { server } = await connectToFake()
    expect(server.calls).toEqual(["authList", "connectOpen"])
  })

  it("passes polkit where its rules admit the user", async () => {
    const server = new FakeLibvirtd()
    server.authTypes = [2]
    await connectToFake({}, server)
    expect(server.calls).toEqual(["authList", "authPolkit", "connectOpen"])
  })

  it("says what to do when polkit refuses, and closes", async () => {
    const server = new FakeLibvirtd()
    server.authTypes = [2]
    server.host.polkitAllows = false
    await expect(connectToFake({}, server)).rejects.toMatchObject({
      code: "AUTHENTICATION",
      message: expect.stringContaining("let a polkit rule admit the user"),
      cause: expect.objectContaining({ codeName: "VIR_ERR_AUTH_FAILED" }),
    })
    expect(server.clientEnd.destroyed).toBe(true)
  })

  it("does not speak SASL", async () => {
    const server = new FakeLibvirtd()
    server.authTypes = [1]
    await expect(connectToFake({}, server)).rejects.toMatchObject({ code: "UNSUPPORTED" })
  })

  it("can be aborted while nobody answers", async () => {
    const server = new FakeLibvirtd()
    server.mute = true
    const controller = new AbortController()
    const connecting = connectToFake({ signal: controller.signal }, server)
    await turn()
    controller.abort(new Error("enough"))
    await expect(connecting).rejects.toMatchObject({ code: "ABORTED" })
    expect(server.clientEnd.destroyed).toBe(true)
  })

  it("tells a socket that is not there", async () => {
    await expect(connect("qemu:///system?socket=/nonexistent/libvirt-sock")).rejects.toMatchObject({
      name: "LibvirtConnectionError",
      code: "UNREACHABLE",
      message: expect.stringContaining("No libvirt daemon answers on /nonexistent/libvirt-sock: Error: connect ENOENT"),
    })
  })
})

describe("a call", () => {
  it("gives libvirt's reply", async () => {
    const { connection } = await connectToFake()
    expect(await connection.connectGetLibVersion()).toEqual({ lib_ver: 9_000_000n })
    expect(await connection.domainDefineXmlFlags({ xml: domainXml("vm1", uuid), flags: 0 })).toEqual({
      dom: { name: "vm1", uuid, id: -1 },
    })
    expect(await connection.domainLookupByUuid({ uuid: uuid.toUpperCase() })).toEqual({
      dom: { name: "vm1", uuid, id: -1 },
    })
  })

  it("throws libvirt's error with code, domain and their names", async () => {
    const { connection } = await connectToFake()
    const failure = await connection.domainLookupByUuid({ uuid }).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(LibvirtError)
    expect(failure).toMatchObject({
      message: `Domain not found: no domain with matching uuid '${uuid}'`,
      code: VIR_ERR_NO_DOMAIN,
      codeName: "VIR_ERR_NO_DOMAIN",
      domain: VIR_FROM_QEMU,
      domainName: "VIR_FROM_QEMU",
      level: 2,
      levelName: "VIR_ERR_ERROR",
      str1: "%s",
      str3: null,
      int1: -1,
      procedure: "domainLookupByUuid",
    })
  })

  it("with an argument that is wrong is refused by name and sends nothing", async () => {
    const { connection, server } = await connectToFake()
    await expect(connection.domainLookupByUuid({ uuid: "vm1" })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      outcome: "not-sent",
      message: 'domainLookupByUuid: uuid: "vm1" is no UUID',
    })
    const xml = "x".repeat(4_194_305)
    await expect(connection.domainDefineXmlFlags({ xml, flags: 0 })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" })
    expect(server.calls).toEqual(["authList", "connectOpen"])
  })

  it("is matched to its reply, whatever the order", async () => {
    const { connection, server } = await connectToFake()
    const release = server.hold(procedures.connectGetHostname)
    const order: string[] = []
    const slow = connection.connectGetHostname().then(({ hostname }) => order.push(hostname))
    const fast = connection.connectGetLibVersion().then(() => order.push("version"))
    await fast
    release()
    await slow
    expect(order).toEqual(["version", "fake"])
  })

  it("waits here while libvirt has as many as it takes", async () => {
    const { connection, server } = await connectToFake({ maxCalls: 2 })
    const release = server.hold(procedures.connectGetHostname)
    const calls = Array.from({ length: 5 }, () => connection.connectGetHostname())
    await turn()
    expect(server.calls.slice(2)).toHaveLength(2)
    release()
    await Promise.all(calls)
    expect(server.calls.slice(2)).toHaveLength(5)
  })
})

describe("a signal", () => {
  it("that is aborted already sends nothing", async () => {
    const { connection, server } = await connectToFake()
    const calling = connection.connectGetHostname({ signal: AbortSignal.abort(new Error("enough")) })
    await expect(calling).rejects.toMatchObject({ code: "ABORTED", outcome: "not-sent" })
    expect(server.calls).not.toContain("connectGetHostname")
  })

  it("takes a waiting call out of the queue", async () => {
    const { connection, server } = await connectToFake({ maxCalls: 1 })
    const release = server.hold(procedures.connectGetHostname)
    const first = connection.connectGetHostname()
    const controller = new AbortController()
    const second = connection.connectGetLibVersion({ signal: controller.signal })
    controller.abort()
    await expect(second).rejects.toMatchObject({ code: "ABORTED", outcome: "not-sent" })
    release()
    await first
    expect(server.calls).not.toContain("connectGetLibVersion")
  })

  it("ends the wait of a call that was sent, whose outcome is then unknown", async () => {
    const { connection, server } = await connectToFake()
    const release = server.hold(procedures.connectGetHostname)
    const controller = new AbortController()
    const calling = connection.connectGetHostname({ signal: controller.signal })
    await turn()
    const reason = new Error("enough")
    controller.abort(reason)
    await expect(calling).rejects.toMatchObject({ code: "ABORTED", outcome: "unknown", cause: reason })
    release()
    expect(await connection.connectGetLibVersion()).toEqual({ lib_ver: 9_000_000n })
  })
})

describe("a connection that is lost", () => {
  it("tells which calls were sent", async () => {
    const { connection, server } = await connectToFake({ maxCalls: 1 })
    server.hold(procedures.connectGetHostname)
    const sent = connection.connectGetHostname()
    const waiting = connection.connectGetHostname()
    await turn()
    server.drop()
    await expect(sent).rejects.toMatchObject({ code: "CLOSED", outcome: "unknown" })
    await expect(waiting).rejects.toMatchObject({ code: "CLOSED", outcome: "not-sent" })
    await expect(connection.connectGetHostname()).rejects.toMatchObject({ code: "CLOSED", outcome: "not-sent" })
    expect(connection.failure).toBe(await connection.ended)
  })

  it.each([
    ["a length that is too long", words(0x7fffffff), "a message of 2147483647 bytes"],
    ["an answer to a call that never was", words(28, 0x20008086, 1, 59, 1, 99, 0), "answered call 99"],
    ["a type that no client expects", words(28, 0x20008086, 1, 59, 5, 3, 0), "type 5"],
    ["an answer of another procedure", words(28, 0x20008086, 1, 60, 1, 3, 0), "of procedure 59 as one of procedure 60"],
    ["an answer of another program", words(28, 0x20008087, 1, 59, 1, 3, 0), "call 3"],
    [
      "a stream where a reply should be",
      words(28, 0x20008086, 1, 59, 3, 3, 2),
      "type 3, status 2 where connectGetHostname",
    ],
    ["a status that no reply has", words(28, 0x20008086, 1, 59, 1, 3, 2), "type 1, status 2 where connectGetHostname"],
  ])("by %s", async (_, bytes, message) => {
    const { connection, server } = await connectToFake()
    server.hold(procedures.connectGetHostname)
    const sent = connection.connectGetHostname()
    await turn()
    server.sendRaw(bytes)
    await expect(sent).rejects.toMatchObject({
      code: "PROTOCOL",
      outcome: "unknown",
      message: expect.stringContaining(message),
    })
    expect(server.clientEnd.destroyed).toBe(true)
  })

  it("not by a reply that is malformed: only its call fails", async () => {
    const { connection, server } = await connectToFake()
    server.hold(procedures.connectGetHostname)
    const calling = connection.connectGetHostname()
    await turn()
    const { program: prog, number: proc, args } = procedures.connectGetHostname
    server.send({ prog, proc, type: 1, status: 0, serial: 3 }, args, undefined)
    await expect(calling).rejects.toMatchObject({
      code: "PROTOCOL",
      outcome: "unknown",
      message: "libvirt's answer to connectGetHostname is malformed: hostname: 4 bytes wanted where 0 are left",
    })
    expect(await connection.connectGetLibVersion()).toEqual({ lib_ver: 9_000_000n })
  })
})

describe("close", () => {
  it("lets what was sent be answered, turns away the rest, says goodbye, and may be repeated", async () => {
    const { connection, server } = await connectToFake({ maxCalls: 1 })
    const release = server.hold(procedures.connectGetHostname)
    const sent = connection.connectGetHostname()
    const waiting = connection.connectGetLibVersion()
    await turn()
    const closing = connection.close()
    await expect(waiting).rejects.toMatchObject({ code: "CLOSED", outcome: "not-sent" })
    release()
    expect(await sent).toEqual({ hostname: "fake" })
    await closing
    await connection.close()
    expect(server.calls.slice(2)).toEqual(["connectGetHostname", "connectClose"])
    await expect(connection.connectGetHostname()).rejects.toMatchObject({ code: "CLOSED", outcome: "not-sent" })
  })

  it("does not wait longer than its signal", async () => {
    const { connection, server } = await connectToFake()
    server.hold(procedures.connectGetHostname)
    const sent = connection.connectGetHostname()
    const controller = new AbortController()
    const closing = connection.close({ signal: controller.signal })
    await turn()
    controller.abort()
    await closing
    await expect(sent).rejects.toMatchObject({ code: "CLOSED", outcome: "unknown" })
  })

  it("of a lost connection is no error", async () => {
    const { connection, server } = await connectToFake()
    server.drop()
    await connection.ended
    await connection.close()
    expect(connection.failure).toBeInstanceOf(LibvirtConnectionError)
  })
})

/** Length, program, version, procedure, type, serial, status. */
function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length)
  values.forEach((value, index) => bytes.writeUInt32BE(value, 4 * index))
  return bytes
}

it("refuses a limit of calls that would let none through", async () => {
  await expect(connectToFake({ maxCalls: 0 }, new FakeLibvirtd(new FakeHost()))).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
  })
})

import { once } from "node:events"
import { Client, Server, utils, type Connection as SshSession } from "ssh2"
import { afterEach, describe, expect, it } from "vitest"
import { connect } from "../connect.ts"
import { FakeLibvirtd } from "../testing/fake-libvirtd.test.kit.ts"
import { fingerprintOf } from "./host-key-pins.ts"
import type { SshLoginOptions } from "./ssh.ts"

const hostKey = newKey()
const userKey = newKey()
const ends: (() => void)[] = []

afterEach(() => {
  for (const end of ends.splice(0)) end()
})

/** An SSH server that lets `userKey` in, with a libvirtd behind one socket. */
async function startServer(): Promise<{
  uri: string
  libvirtd: FakeLibvirtd
  sessions: SshSession[]
  opened: string[]
}> {
  const libvirtd = new FakeLibvirtd()
  const sessions: SshSession[] = []
  const opened: string[] = []
  const server = new Server({ hostKeys: [hostKey.private] }, (session) => {
    sessions.push(session)
    session.on("error", () => {})
    session.on("authentication", (context) => {
      if (context.method === "publickey" && context.key.data.equals(userKey.public)) context.accept()
      else context.reject(["publickey"])
    })
    session.on("openssh.streamlocal", (accept, reject, info) => {
      opened.push(info.socketPath)
      if (!info.socketPath.endsWith("libvirt-sock")) return reject()
      const channel = accept()
      channel.pipe(libvirtd.clientEnd).pipe(channel)
    })
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  ends.push(() => server.close())
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("the server has no port")
  return { uri: `qemu+ssh://root@127.0.0.1:${address.port}/system`, libvirtd, sessions, opened }
}

const login: SshLoginOptions = { privateKey: userKey.private, hostKeys: [fingerprintOf(hostKey.public)] }

describe("the ssh transport", () => {
  it.each([
    ["its fingerprint", fingerprintOf(hostKey.public)],
    ["the key", `ecdsa-sha2-nistp256 ${hostKey.public.toString("base64")} kvm1`],
  ])("reaches libvirt's socket behind a server pinned by %s, and ends with the connection", async (_, pin) => {
    const { uri, sessions, opened } = await startServer()
    const connection = await connect(uri, { ssh: { ...login, hostKeys: [pin] } })
    expect(await connection.connectGetHostname()).toEqual({ hostname: "fake" })
    expect(opened).toEqual(["/run/libvirt/libvirt-sock"])
    const [session] = sessions
    const closed = session === undefined ? undefined : once(session, "close")
    await connection.close()
    await closed
  })

  it("tries the next socket", async () => {
    const { uri, opened } = await startServer()
    const attempt = connect(`${uri}?socket=/run/other`, { ssh: login })
    await expect(attempt).rejects.toMatchObject({ code: "UNREACHABLE", message: expect.stringContaining("/run/other") })
    expect(opened).toEqual(["/run/other"])
  })

  it("does not offer its key to a server with another host key", async () => {
    const { uri } = await startServer()
    const hostKeys = [fingerprintOf(userKey.public)]
    await expect(connect(uri, { ssh: { ...login, hostKeys } })).rejects.toMatchObject({
      code: "AUTHENTICATION",
      outcome: "not-sent",
      message: expect.stringContaining(`shows the host key ${fingerprintOf(hostKey.public)}`),
    })
  })

  it("asks for the pinned type of key, and refuses a server without one", async () => {
    const { uri } = await startServer()
    const rsa = utils.generateKeyPairSync("rsa", { bits: 2048 }).public
    await expect(connect(uri, { ssh: { ...login, hostKeys: [rsa] } })).rejects.toMatchObject({ code: "UNREACHABLE" })
  })

  it("tells a key that the server does not take", async () => {
    const { uri } = await startServer()
    await expect(connect(uri, { ssh: { ...login, privateKey: newKey().private } })).rejects.toMatchObject({
      code: "AUTHENTICATION",
      message: expect.stringContaining("refuses this key"),
    })
  })

  it("needs a way to log in, and a pin", async () => {
    const uri = "qemu+ssh://root@127.0.0.1/system"
    const { hostKeys } = login
    await expect(connect(uri)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" })
    await expect(connect(uri, { ssh: { hostKeys } })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" })
    await expect(connect(uri, { ssh: { ...login, hostKeys: [] } })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" })
  })

  it("tells a private key that is none, without repeating it", async () => {
    const attempt = connect("qemu+ssh://root@127.0.0.1/system", { ssh: { ...login, privateKey: "secret words" } })
    await expect(attempt).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(/^ssh.privateKey: ((?!secret).)*$/),
    })
  })

  it("loses the connection with the SSH connection", async () => {
    const { uri, sessions } = await startServer()
    const connection = await connect(uri, { ssh: login })
    sessions[0]?.end()
    expect(await connection.ended).toMatchObject({ code: "CLOSED" })
  })

  it("can be aborted while the server says nothing", async () => {
    const { uri, libvirtd } = await startServer()
    libvirtd.mute = true
    await expect(connect(uri, { ssh: login, signal: AbortSignal.timeout(300) })).rejects.toMatchObject({
      code: "ABORTED",
    })
  })

  it("uses a client of the caller's and leaves it open", async () => {
    const { uri, sessions } = await startServer()
    const client = new Client()
    client.connect({
      host: "127.0.0.1",
      port: Number(new URL(uri).port),
      username: "root",
      privateKey: userKey.private,
    })
    await once(client, "ready")
    const connection = await connect(uri, { ssh: { client } })
    await connection.close()
    const path = new Promise((resolve) => client.openssh_forwardOutStreamLocal("/tmp/libvirt-sock", resolve))
    expect(await path).toBeUndefined()
    expect(sessions).toHaveLength(1)
    client.end()
  })
})

function newKey(): { readonly private: string; readonly public: Buffer } {
  // Of the Ed25519 keys that ssh2 1.17 makes one in 256 is malformed.
  const pair = utils.generateKeyPairSync("ecdsa", { bits: 256 })
  const [, base64 = ""] = pair.public.split(" ")
  return { private: pair.private, public: Buffer.from(base64, "base64") }
}

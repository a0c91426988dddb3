import { once } from "node:events"
import { connect, createServer, type AddressInfo, type Socket } from "node:net"
import type { RouterEndpoint } from "@slash64/core"
import ssh2 from "ssh2"
import type { SshKey } from "../keys/key-store.ts"
import type { FakeRouter } from "./fake-router.fixture.ts"
import { serveChannel } from "./fake-serve.fixture.ts"

export interface FakeSshd {
  /** An endpoint that pins this host key; the server's own unless said. */
  endpoint(hostKey?: string): RouterEndpoint
  /** How often a stream was opened. */
  readonly opened: () => number
  /** How many streams are open. */
  readonly open: () => number
  /** Cuts every connection, as a power cut does. */
  cut(): void
  /** Cuts the next connection after this many bytes from the client. */
  cutAfter(bytes: number): void
  close(): Promise<void>
}

/** A real SSH server (ssh2's) on a loopback port, that runs `slash64-router` of a fake router. */
export async function startFakeSshd(router: FakeRouter, hostKey: SshKey, authorizedKey: string): Promise<FakeSshd> {
  const sockets = new Set<Socket>()
  let opened = 0
  let cutAfter = Number.POSITIVE_INFINITY
  const allowed = Buffer.from(authorizedKey.split(" ")[1] ?? "", "base64")
  const ssh = new ssh2.Server({ hostKeys: [hostKey.privateKey] }, (client) => {
    client.on("error", () => undefined)
    client.on("authentication", (context) => {
      const known = context.method === "publickey" && context.key.data.equals(allowed) && context.username === "root"
      if (known) context.accept()
      else context.reject(["publickey"])
    })
    client.on("session", (accept) => {
      accept().on("exec", (acceptExec, _reject, { command }) => {
        const channel = acceptExec()
        void serveChannel(router, command, channel).catch(() => channel.close())
      })
    })
  })
  const server = createServer({ noDelay: true }, (socket) => ssh.injectSocket(socket))
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what a listening TCP server has
  const { port } = server.address() as AddressInfo

  return {
    endpoint: (pinned = hostKey.publicKey) => ({
      routerId: "router-1",
      vmId: "router-1",
      hostKey: pinned,
      async open({ signal }) {
        const socket = connect({ port, host: "127.0.0.1", signal })
        sockets.add(socket)
        await once(socket, "connect")
        opened += 1
        socket.on("error", () => undefined)
        cutSocketAfter(socket, cutAfter)
        cutAfter = Number.POSITIVE_INFINITY
        return socket
      },
    }),
    opened: () => opened,
    open: () => [...sockets].filter((socket) => !socket.destroyed).length,
    cut: () => sockets.forEach((socket) => socket.destroy()),
    cutAfter: (bytes) => {
      cutAfter = bytes
    },
    async close() {
      sockets.forEach((socket) => socket.destroy())
      server.close()
    },
  }
}

/** A stream whose first bytes alone reach the other side. */
function cutSocketAfter(socket: Socket, bytes: number): void {
  if (!Number.isFinite(bytes)) return
  const timer = setInterval(() => {
    if (socket.bytesWritten >= bytes) socket.destroy()
    if (socket.destroyed) clearInterval(timer)
  }, 1)
}

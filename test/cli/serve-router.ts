import { once } from "node:events"
import { connect, createServer } from "node:net"
import type { Duplex } from "node:stream"
import ssh2 from "ssh2"
import type { SshKey } from "@slash64/router"
import type { FakeRouter } from "../../packages/router/src/push/fake-router.fixture.ts"
import { serveChannel } from "../../packages/router/src/push/fake-serve.fixture.ts"

export interface RouterSshd {
  readonly port: number
  close(): Promise<void>
}

/** A real SSH server on a loopback port, also for other processes, in front of a router in memory. */
export async function serveRouter(router: FakeRouter, hostKey: SshKey, authorizedKey: string): Promise<RouterSshd> {
  const allowed = Buffer.from(authorizedKey.split(" ")[1] ?? "", "base64")
  const ssh = new ssh2.Server({ hostKeys: [hostKey.privateKey] }, (client) => {
    client.on("error", () => undefined)
    client.on("authentication", (context) => {
      if (context.method === "publickey" && context.key.data.equals(allowed)) context.accept()
      else context.reject(["publickey"])
    })
    client.on("session", (accept) => {
      accept().on("exec", (acceptExec, _reject, { command }) => {
        const channel = acceptExec()
        if (router.faults.hang === true) {
          router.commands.push(command)
          return
        }
        void serveChannel(router, command, channel).catch(() => channel.close())
      })
    })
  })
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on("error", () => undefined)
    ssh.injectSocket(socket)
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port")
  return {
    port: address.port,
    async close() {
      server.close()
    },
  }
}

export function connectRouter(port: number): Duplex {
  const socket = connect(port, "127.0.0.1")
  socket.on("error", () => undefined)
  return socket
}

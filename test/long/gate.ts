import { once } from "node:events"
import { connect, createServer } from "node:net"
import type { Socket } from "node:net"

/** Stands on the way to a TCP port of this machine, and keeps what is sent there while it is closed. */
export interface Gate {
  readonly port: number
  /** How many pieces it keeps. */
  readonly kept: number
  shut(): void
  /** What was kept goes on, also when its sender has died meanwhile. */
  open(): void
  close(): void
}

export async function startGate(target: number): Promise<Gate> {
  const kept: (() => void)[] = []
  const sockets = new Set<Socket>()
  let isShut = false
  const pass = (deed: () => void): void => {
    if (isShut) kept.push(deed)
    else deed()
  }
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ port: target, host: "127.0.0.1", noDelay: true })
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on("error", () => {}).on("close", () => sockets.delete(socket))
    }
    client.on("data", (data) => pass(() => upstream.write(data)))
    client.on("close", () => pass(() => upstream.end()))
    upstream.on("data", (data) => client.write(data))
    upstream.on("close", () => client.destroy())
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port")
  return {
    port: address.port,
    get kept() {
      return kept.length
    },
    shut() {
      isShut = true
    },
    open() {
      isShut = false
      for (const deed of kept.splice(0)) deed()
    },
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

import type { Server } from "node:http"
import type { Socket } from "node:net"

/**
 * Keeps a server to `most` connections. Where one more comes, the oldest of those that ask for nothing makes room: one
 * that has not sent its request whole to the end of its headers, or has had its answer. So who comes and does not ask
 * keeps nobody out who does.
 */
export function boundConnections(server: Server, most: number): void {
  const open = new Map<unknown, Socket>()
  /** In the order in which they began to ask for nothing. */
  const idle = new Map<unknown, Socket>()

  server.on("connection", (socket: Socket) => {
    const key = keyOf(socket)
    open.set(key, socket)
    idle.set(key, socket)
    socket.once("close", () => {
      open.delete(key)
      idle.delete(key)
    })
    if (open.size > most) idle.values().next().value?.destroy()
  })
  server.on("request", ({ socket }, response) => {
    const key = keyOf(socket)
    idle.delete(key)
    response.once("close", () => {
      const still = open.get(key)
      if (still !== undefined) idle.set(key, still)
    })
  })
}

/** Over TLS a request's socket is another than the connection's, of the same peer. */
function keyOf(socket: Socket): unknown {
  return socket.remotePort === undefined ? socket : `${socket.remoteAddress} ${socket.remotePort}`
}

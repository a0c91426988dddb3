import { connect, type Socket } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import ssh2 from "ssh2"

/** A command's answer over the first connection that sshd takes up. */
export async function firstAnswer(port: number, privateKey: string): Promise<void> {
  const socket = await knock(port)
  const client = new ssh2.Client()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  client.on("error", reject)
  client.on("ready", () =>
    client.exec("true", (error, channel) => {
      if (error) reject(error)
      else channel.on("exit", () => resolve())
    }),
  )
  client.connect({ sock: socket, username: "root", privateKey })
  await promise
  client.end()
}

/**
 * Knocks every 150 ms, whatever the older knocks wait for, until one hears sshd, and closes the others: each would cost
 * the router a handshake. QEMU takes every connection at once and asks the guest later, so only a banner tells.
 */
async function knock(port: number): Promise<Socket> {
  const { promise: heard, resolve } = Promise.withResolvers<Socket>()
  const sockets: Socket[] = []
  const deadline = performance.now() + 120_000
  while (performance.now() < deadline) {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true }).on("error", () => undefined)
    sockets.push(socket)
    const giveUp = setTimeout(() => socket.destroy(), 600)
    socket.once("readable", () => {
      clearTimeout(giveUp)
      // The end of a connection is readable too.
      if (socket.readableLength > 0) resolve(socket)
    })
    const first = await Promise.race([heard, sleep(150)])
    if (first === undefined) continue
    for (const other of sockets) if (other !== first) other.destroy()
    return first
  }
  throw new Error("no answer over SSH within 120 s")
}

import { type Socket, connect, createServer } from "node:net"
import { procedures } from "@slash64/libvirt-rpc"

/** A socket between a libvirt client and its daemon that can cut a connection in place of an answer. */
export interface LibvirtWire {
  readonly socket: string
  /** As `ConformanceWire` has it; counted are the answers to procedures that change something. */
  loseAnswer(skip: number): () => boolean
  /** As `ConformanceWire` has it. */
  unplug(): () => void
  close(): Promise<void>
}

export async function openLibvirtWire(daemonSocket: string, socket: string): Promise<LibvirtWire> {
  let left = Number.POSITIVE_INFINITY
  let lost = false
  let isPlugged = true
  const open = new Set<Socket>()
  const server = createServer((client) => {
    if (!isPlugged) {
      client.destroy()
      return
    }
    const daemon = connect(daemonSocket)
    const end = (): void => [client, daemon].forEach((side) => side.destroy())
    for (const side of [client, daemon]) {
      open.add(side)
      side.on("error", end).on("close", end)
      side.on("close", () => open.delete(side))
    }
    client.pipe(daemon)
    const split = packetSplitter()
    daemon.on("data", (bytes: Buffer) => {
      for (const packet of split(bytes)) {
        if (isAnswerToChange(packet)) left -= 1
        if (left < 0) {
          left = Number.POSITIVE_INFINITY
          lost = true
          end()
          return
        }
        client.write(packet)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  return {
    socket,
    loseAnswer(skip) {
      left = skip
      lost = false
      return () => {
        left = Number.POSITIVE_INFINITY
        return lost
      }
    },
    unplug() {
      isPlugged = false
      for (const side of open) side.destroy()
      return () => {
        isPlugged = true
      }
    },
    async close() {
      for (const side of open) side.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const change = /Define|Create|Destroy|Attach|Detach|Update|Delete|Build|Set|Upload|Start/
const changing = new Set(
  Object.values(procedures)
    .filter(({ name }) => change.test(name))
    .map(({ program, number }) => `${program}:${number}`),
)

/** Length, program, version, procedure, type (1 a reply), serial, status: four bytes each, big-endian. */
function isAnswerToChange(packet: Buffer): boolean {
  const isReply = packet.readUInt32BE(16) === 1
  return isReply && changing.has(`${packet.readUInt32BE(4)}:${packet.readUInt32BE(12)}`)
}

/** Cuts a byte stream into whole packets; what is left waits for the next bytes. */
function packetSplitter(): (bytes: Buffer) => Buffer[] {
  let held = Buffer.alloc(0)
  return (bytes) => {
    held = Buffer.concat([held, bytes])
    const packets: Buffer[] = []
    while (held.length >= 4 && held.length >= held.readUInt32BE(0)) {
      const length = held.readUInt32BE(0)
      packets.push(held.subarray(0, length))
      held = held.subarray(length)
    }
    return packets
  }
}

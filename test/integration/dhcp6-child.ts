/**
 * Runs in a guest's namespace: sends each message that is a line of standard input and prints the answer's line, null
 * where none came in time. Word: the device.
 */
import { createSocket } from "node:dgram"
import { once } from "node:events"
import { networkInterfaces } from "node:os"
import { createInterface } from "node:readline"
import { setTimeout as sleep } from "node:timers/promises"
import { encodeMessage, parseReply, type Dhcp6Message, type Dhcp6Reply } from "./dhcp6-message.ts"

/** A line of standard input. */
export interface Dhcp6Question {
  readonly message: Dhcp6Message
  readonly waitMs: number
}

const [device = ""] = process.argv.slice(2)
const own = networkInterfaces()[device]?.find(({ address }) => address.startsWith("fe80::"))?.address
if (own === undefined) throw new Error(`${device} has no link-local address`)
// A client's port and, for one that plays a relay, a server's.
const [socket, relay] = [
  createSocket({ type: "udp6", reuseAddr: true }),
  createSocket({ type: "udp6", reuseAddr: true }),
]
socket.bind(546, `${own}%${device}`)
relay.bind(547, `${own}%${device}`)
await Promise.all([once(socket, "listening"), once(relay, "listening")])
let transaction = Math.floor(Math.random() * 0xff0000)

process.stdout.write("ready\n")
for await (const line of createInterface(process.stdin)) {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the test's own words
  process.stdout.write(`${JSON.stringify((await ask(JSON.parse(line) as Dhcp6Question)) ?? null)}\n`)
}
socket.close()
relay.close()

async function ask({ message, waitMs }: Dhcp6Question): Promise<Dhcp6Reply | undefined> {
  const id = ++transaction
  const heard = Promise.withResolvers<Dhcp6Reply>()
  const listen = (packet: Buffer) => {
    const reply = parseReply(packet, id)
    if (reply !== undefined) heard.resolve(reply)
  }
  const [mine, tooLate] = [message.relayedFor === undefined ? socket : relay, new AbortController()]
  mine.on("message", listen)
  mine.send(encodeMessage(message, id), 547, `ff02::1:2%${device}`)
  const reply = await Promise.race([heard.promise, sleep(waitMs, undefined, { signal: tooLate.signal })])
  tooLate.abort()
  mine.off("message", listen)
  return reply
}

import { isIPv4 } from "node:net"
import type { GuestSegment } from "./guest-segment.ts"

/** A DHCPv4 message that names whom it likes as its client (RFC 2131 section 2: chaddr). */
export interface ForgedDhcp4 {
  readonly type: "request" | "decline"
  readonly chaddr: string
  readonly address: string
}

const types = { request: 3, decline: 4 } as const

/** Broadcasts it from a guest's namespace, whose NIC keeps the MAC that it has. Nobody waits for an answer. */
export async function forgeDhcp4(segment: GuestSegment, namespace: string, message: ForgedDhcp4): Promise<void> {
  await segment.run(namespace, "ip", "address", "replace", "10.64.1.200/24", "dev", "guest0")
  await segment.run(namespace, process.execPath, "-e", send, render(message).toString("hex"))
}

const send = `const socket = require("node:dgram").createSocket({ type: "udp4", reuseAddr: true })
socket.bind(68, "10.64.1.200", () => {
  socket.setBroadcast(true)
  socket.send(Buffer.from(process.argv[1], "hex"), 67, "10.64.1.255", () => socket.close())
})`

function render({ type, chaddr, address }: ForgedDhcp4): Buffer {
  const bytes = Buffer.alloc(300)
  // BOOTREQUEST by Ethernet, hops 0, a transaction, and an answer to all.
  bytes.set([1, 1, 6, 0, 0x51, 0xa5, 0xc6, 0x40, 0, 0, 0x80, 0])
  bytes.set(Buffer.from(chaddr.replaceAll(":", ""), "hex"), 28)
  bytes.set([99, 130, 83, 99], 236)
  bytes.set([53, 1, types[type], 50, 4, ...addressBytes(address), 255], 240)
  return bytes
}

function addressBytes(address: string): readonly number[] {
  if (!isIPv4(address)) throw new Error(`no IPv4 address: ${address}`)
  return address.split(".").map(Number)
}

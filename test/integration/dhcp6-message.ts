import { isIPv6 } from "node:net"

/** What a test's client sends: a message of RFC 8415, with one IA_NA where it has an IAID. */
export interface Dhcp6Message {
  readonly type: keyof typeof messageTypes
  /** Hexadecimal, colons. */
  readonly duid: string
  readonly iaid?: number
  /** In the IA_NA. */
  readonly addresses?: readonly string[]
  /** DUID of the server; absent in Solicit, Confirm and Rebind (RFC 8415 section 16). */
  readonly server?: string
  /** Sent within a Relay-forward that says that this MAC asked (RFC 6939). */
  readonly relayedFor?: string
}

export interface Dhcp6Reply {
  readonly type: "advertise" | "reply" | "relay-reply"
  /** The status of the whole message, 0 where it has none, or that of the IA_NA. */
  readonly status: number
  /** Addresses that are good, and those with a valid lifetime of 0. */
  readonly given: readonly string[]
  readonly withdrawn: readonly string[]
}

const messageTypes = { solicit: 1, request: 3, confirm: 4, renew: 5, rebind: 6, release: 8, decline: 9 } as const
const replyTypes: Readonly<Record<number, Dhcp6Reply["type"]>> = { 2: "advertise", 7: "reply", 13: "relay-reply" }
const option = { clientId: 1, serverId: 2, iaNa: 3, address: 5, elapsed: 8, relayed: 9, status: 13, linkLayer: 79 }

export function encodeMessage(message: Dhcp6Message, transaction: number): Buffer {
  const plain = Buffer.concat([
    uint32((messageTypes[message.type] << 24) | transaction),
    encodeOption(option.clientId, bytesOf(message.duid)),
    encodeOption(option.elapsed, Buffer.alloc(2)),
    ...(message.server === undefined ? [] : [encodeOption(option.serverId, bytesOf(message.server))]),
    ...(message.iaid === undefined ? [] : [encodeIa(message.iaid, message.addresses ?? [])]),
  ])
  if (message.relayedFor === undefined) return plain
  // Hop count 0, the link in question, and the client's link-local, which no server reads.
  const header = Buffer.concat([Buffer.from([12, 0]), encodeAddress("2001:db8:64:1::2"), encodeAddress("fe80::1")])
  const who = Buffer.concat([Buffer.from([0, 1]), bytesOf(message.relayedFor)])
  return Buffer.concat([header, encodeOption(option.relayed, plain), encodeOption(option.linkLayer, who)])
}

/** Undefined: no answer to this transaction. */
export function parseReply(packet: Buffer, transaction: number): Dhcp6Reply | undefined {
  const type = replyTypes[packet.readUInt8(0)]
  if (type === "relay-reply") return { type, status: 0, given: [], withdrawn: [] }
  if (type === undefined || (packet.readUInt32BE(0) & 0xffffff) !== transaction) return undefined
  const options = parseOptions(packet.subarray(4))
  const inside = options
    .filter(({ code }) => code === option.iaNa)
    .flatMap(({ value }) => parseOptions(value.subarray(12)))
  const leases = inside.filter(({ code }) => code === option.address)
  const lasting = (good: boolean) =>
    leases.filter(({ value }) => value.readUInt32BE(20) > 0 === good).map(({ value }) => decodeAddress(value))
  const statuses = [...options, ...inside].filter(({ code }) => code === option.status)
  const status = Math.max(0, ...statuses.map(({ value }) => value.readUInt16BE(0)))
  return { type, status, given: lasting(true), withdrawn: lasting(false) }
}

function encodeIa(iaid: number, addresses: readonly string[]): Buffer {
  // T1, T2 and both lifetimes 0: no wish.
  const within = addresses.map((address) =>
    encodeOption(option.address, Buffer.concat([encodeAddress(address), Buffer.alloc(8)])),
  )
  return encodeOption(option.iaNa, Buffer.concat([uint32(iaid), Buffer.alloc(8), ...within]))
}

function encodeOption(code: number, value: Buffer): Buffer {
  return Buffer.concat([uint32((code << 16) | value.length), value])
}

function parseOptions(bytes: Buffer): readonly { readonly code: number; readonly value: Buffer }[] {
  const options = []
  for (let rest = bytes; rest.length >= 4;) {
    const end = 4 + rest.readUInt16BE(2)
    options.push({ code: rest.readUInt16BE(0), value: rest.subarray(4, end) })
    rest = rest.subarray(end)
  }
  return options
}

function encodeAddress(address: string): Buffer {
  if (!isIPv6(address)) throw new Error(`no IPv6 address: ${address}`)
  const [left = [], right = []] = address.split("::").map((half) => half.split(":").filter(Boolean))
  const groups = [...left, ...Array.from({ length: 8 - left.length - right.length }, () => "0"), ...right]
  return Buffer.concat(groups.map((group) => uint32(Number.parseInt(group, 16)).subarray(2)))
}

/** As the URL parser writes it, which is RFC 5952's way. */
function decodeAddress(value: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => value.readUInt16BE(index * 2).toString(16))
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1)
}

function bytesOf(text: string): Buffer {
  return Buffer.from(text.replaceAll(":", ""), "hex")
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value >>> 0)
  return bytes
}

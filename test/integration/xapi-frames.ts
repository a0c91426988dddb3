import { ipv6ToBigInt, macToBytes, parseIpv6Address, parseMacAddress } from "@slash64/core"

/** What a guest may put on the wire, as bytes; checksums are left out, which a switch does not read. */
export interface Frame {
  readonly mac: string
  readonly source: string
  readonly destination: string
  readonly protocol: number
  readonly payload: Buffer
  /** A hop-by-hop header with the router alert option, as MLD has it (RFC 3810 section 5). */
  readonly routerAlert?: true
}

export function renderFrame({ mac, source, destination, protocol, payload, routerAlert }: Frame): Buffer {
  const alert = Buffer.from([protocol, 0, 5, 2, 0, 0, 1, 0])
  const body = routerAlert === true ? Buffer.concat([alert, payload]) : payload
  const ethernet = Buffer.concat([macBytes("33:33:00:00:00:01"), macBytes(mac), Buffer.from([0x86, 0xdd])])
  const head = Buffer.from([
    0x60,
    0,
    0,
    0,
    body.length >> 8,
    body.length & 0xff,
    routerAlert === true ? 0 : protocol,
    255,
  ])
  return Buffer.concat([ethernet, head, addressBytes(source), addressBytes(destination), body])
}

/** ICMPv6 with four more bytes, then what is given. */
export function icmpv6(type: number, ...rest: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.from([type, 0, 0, 0, 0, 0, 0, 0]), ...rest])
}

/** The link-layer address option of neighbour discovery: 1 for the sender's, 2 for the target's. */
export function linkLayerOption(type: 1 | 2, mac: string): Buffer {
  return Buffer.concat([Buffer.from([type, 1]), macBytes(mac)])
}

export function udp(from: number, to: number): Buffer {
  return Buffer.from([from >> 8, from & 0xff, to >> 8, to & 0xff, 0, 8, 0, 0])
}

export function tcp(to: number): Buffer {
  const header = Buffer.alloc(20)
  header.writeUInt16BE(40_000, 0)
  header.writeUInt16BE(to, 2)
  header.writeUInt16BE(0x5002, 12)
  return header
}

export function addressBytes(address: string): Buffer {
  const hex = ipv6ToBigInt(parseIpv6Address("address", address)).toString(16).padStart(32, "0")
  return Buffer.from(hex, "hex")
}

function macBytes(mac: string): Buffer {
  return Buffer.from(macToBytes(parseMacAddress("mac", mac)))
}

import { BlockList, isIP } from "node:net"
import { invalid } from "@slash64/core"

/** A prefix that the routers' static control addresses come from; the host itself has its first address. */
export interface ControlRange {
  readonly prefix: string
  readonly prefixLength: number
  readonly family: "ipv4" | "ipv6"
  /** The host's own address on the control bridge. */
  readonly hostAddress: string
}

export function checkControlRange(range: string): ControlRange {
  const [prefix = "", length = "", ...rest] = range.split("/")
  const version = isIP(prefix)
  const prefixLength = Number(length)
  const [least, most] = version === 4 ? [8, 29] : [48, 125]
  if (version === 0 || prefix.includes("%") || rest.length > 0 || !/^\d{1,3}$/.test(length))
    throw refuse(range, "not a prefix")
  if (prefixLength < least || prefixLength > most) throw refuse(range, `its length is not ${least} to ${most}`)
  const family = version === 4 ? "ipv4" : "ipv6"
  const bytes = version === 4 ? ipv4Bytes(prefix) : ipv6Bytes(prefix)
  const value = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
  if ((value & ((1n << BigInt(bytes.length * 8 - prefixLength)) - 1n)) !== 0n) throw refuse(range, "has host bits set")
  const hostAddress = version === 4 ? formatIpv4(value + 1n) : formatIpv6(value + 1n)
  return { prefix, prefixLength, family, hostAddress }
}

/**
 * A router's static control address, without its prefix length. INVALID_ARGUMENT when it is not in the range, has
 * another length, or is the host's own.
 */
export function checkControlAddress(controlAddress: string, range: ControlRange | undefined): string {
  const hint = "Give an address of control.range in the host's configuration, with its prefix length."
  if (range === undefined) throw invalid("controlAddress", controlAddress, "this host has no control.range", hint)
  const [address = "", length] = controlAddress.split("/")
  const block = new BlockList()
  block.addSubnet(range.prefix, range.prefixLength, range.family)
  const inside =
    isIP(address) === (range.family === "ipv4" ? 4 : 6) && !address.includes("%") && block.check(address, range.family)
  if (!inside || length !== String(range.prefixLength)) {
    throw invalid("controlAddress", controlAddress, `not an address of ${range.prefix}/${range.prefixLength}`, hint)
  }
  const taken = new BlockList()
  taken.addAddress(range.hostAddress, range.family)
  taken.addAddress(range.prefix, range.family)
  if (taken.check(address, range.family)) throw invalid("controlAddress", controlAddress, "the host's own", hint)
  return address
}

function ipv4Bytes(text: string): number[] {
  return text.split(".").map(Number)
}

function ipv6Bytes(text: string): number[] {
  // The URL parser writes an embedded IPv4 tail as groups and checks the rest (WHATWG URL, IPv6 parser).
  const [left = "", right] = new URL(`http://[${text}]/`).hostname.slice(1, -1).split("::")
  const groups = (part: string): string[] => (part === "" ? [] : part.split(":"))
  const head = groups(left)
  const tail = right === undefined ? [] : groups(right)
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => "0")
  return [...head, ...zeros, ...tail].flatMap((group) => {
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 0xff]
  })
}

function formatIpv4(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 0xffn)).join(".")
}

function formatIpv6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - 16 * index)) & 0xffffn).toString(16))
  return new URL(`http://[${groups.join(":")}]/`).hostname.slice(1, -1)
}

function refuse(range: string, problem: string): Error {
  return invalid(
    "control.range",
    range,
    problem,
    "Give a prefix such as 192.0.2.0/24 or fd00:64::/64, or leave it out.",
  )
}

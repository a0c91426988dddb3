import { isIPv6 } from "node:net"
import { invalid } from "../errors.ts"
import { branded } from "./brand.ts"

declare const brand: unique symbol

/**
 * An IPv6 address, always in the one spelling of RFC 5952: two addresses are the same when `===` says so.
 * Made by {@link parseIpv6Address} and {@link ipv6FromBigInt} only.
 */
export type Ipv6Address = string & { readonly [brand]: "Ipv6Address" }

/** What an address is for. `documentation` (2001:db8::/32, RFC 3849) may be used in labs. */
export type Ipv6Kind =
  "unspecified" | "loopback" | "ipv4-mapped" | "multicast" | "link-local" | "unique-local" | "documentation" | "global"

/** Any spelling of RFC 4291 section 2.2, without zone and prefix length. Throws INVALID_ARGUMENT. */
export function parseIpv6Address(field: string, input: unknown): Ipv6Address {
  if (typeof input !== "string") throw invalid(field, input, "is not an IPv6 address", "write it as text: 2001:db8::1")
  if (input.includes("%"))
    throw invalid(
      field,
      input,
      "has a zone id",
      "leave out the % and what follows: a zone has a meaning on one host only",
    )
  if (input.includes("/"))
    throw invalid(field, input, "has a prefix length", "leave out the / and what follows: one address is meant here")
  if (!isIPv6(input)) throw invalid(field, input, "is not an IPv6 address", "write it as in RFC 4291: 2001:db8::1")
  return formatGroups(readGroups(input))
}

/** 0 to 2^128 - 1; another number is a RangeError, for only arithmetic of ours can make it. */
export function ipv6FromBigInt(value: bigint): Ipv6Address {
  if (value < 0n || value >> 128n !== 0n) throw new RangeError(`${value} is not a 128-bit number`)
  scratch.setBigUint64(0, value >> 64n)
  scratch.setBigUint64(8, BigInt.asUintN(64, value))
  return formatGroups([0, 2, 4, 6, 8, 10, 12, 14].map((offset) => scratch.getUint16(offset)))
}

/** Shifts of a 128-bit number take ten times as long. */
const scratch = new DataView(new ArrayBuffer(16))

/** 16 octets; another number of them is a RangeError. */
export function ipv6FromBytes(bytes: Uint8Array): Ipv6Address {
  if (bytes.length !== 16) throw new RangeError(`${bytes.length} octets are no IPv6 address`)
  const octet = (index: number) => bytes[index] ?? 0
  return formatGroups(Array.from({ length: 8 }, (_, index) => octet(2 * index) * 256 + octet(2 * index + 1)))
}

export function ipv6ToBigInt(address: Ipv6Address): bigint {
  return readGroups(address).reduce((value, group) => (value << 16n) | BigInt(group), 0n)
}

export function ipv6Kind(address: Ipv6Address): Ipv6Kind {
  const value = ipv6ToBigInt(address)
  if (value === 0n) return "unspecified"
  if (value === 1n) return "loopback"
  if (value >> 32n === 0xffffn) return "ipv4-mapped"
  if (value >> 120n === 0xffn) return "multicast"
  if (value >> 118n === 0xfe80n >> 6n) return "link-local"
  if (value >> 121n === 0xfcn >> 1n) return "unique-local"
  if (value >> 96n === 0x20010db8n) return "documentation"
  return "global"
}

/** Not by ipaddr.js: it reads `::1.2.3.4` as `::ffff:1.2.3.4` (2.5.0). Takes only what `isIPv6` accepts. */
function readGroups(text: string): number[] {
  const [head = "", tail] = text.split("::")
  const left = readPart(head)
  if (tail === undefined) return left
  const right = readPart(tail)
  return [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right]
}

function readPart(part: string): number[] {
  if (part === "") return []
  return part.split(":").flatMap((group) => {
    if (!group.includes(".")) return [Number.parseInt(group, 16)]
    const [a = 0, b = 0, c = 0, d = 0] = group.split(".").map(Number)
    return [a * 256 + b, c * 256 + d]
  })
}

/** RFC 5952 section 4; IPv4-mapped addresses as section 5 recommends, like inet_ntop. */
function formatGroups(groups: readonly number[]): Ipv6Address {
  return branded(formatText(groups))
}

function formatText(groups: readonly number[]): string {
  const [start, length] = longestZeros(groups)
  if (start === 0 && length === 5 && groups[5] === 0xffff) return `::ffff:${dotted(groups[6])}.${dotted(groups[7])}`
  if (length < 2) return hex(groups)
  // Not a template: V8 would put that together when it is first compared, ten thousand of them in the midst of a push.
  return [hex(groups.slice(0, start)), hex(groups.slice(start + length))].join("::")
}

function hex(groups: readonly number[]): string {
  return groups.map((group) => group.toString(16)).join(":")
}

function dotted(group = 0): string {
  return `${group >> 8}.${group & 255}`
}

/** Start and length of the first of the longest runs of zero groups. */
function longestZeros(groups: readonly number[]): readonly [number, number] {
  let best: readonly [number, number] = [0, 0]
  for (let start = 0; start < groups.length; start++) {
    let length = 0
    while (groups[start + length] === 0) length++
    if (length > best[1]) best = [start, length]
    start += length
  }
  return best
}

import { isIPv4 } from "node:net"
import { invalid } from "../errors.ts"
import { branded } from "./brand.ts"

declare const brand: unique symbol

/** Strict dotted quad: four decimal numbers of 0 to 255 without leading zeros. */
export type Ipv4Address = string & { readonly [brand]: "Ipv4Address" }

/** `192.0.2.0/24`, host bits zero. */
export type Ipv4Prefix = string & { readonly [brand]: "Ipv4Prefix" }

export type Ipv4Kind = "unspecified" | "loopback" | "link-local" | "multicast" | "reserved" | "unicast"

/** Throws INVALID_ARGUMENT. Octal, hex and short forms are refused: programs disagree about them. */
export function parseIpv4Address(field: string, input: unknown): Ipv4Address {
  if (!isDottedQuad(input)) throw invalid(field, input, "is not an IPv4 address", "write four numbers: 192.0.2.1")
  return input
}

/** Refuses host bits rather than clear them. Throws INVALID_ARGUMENT. */
export function parseIpv4Prefix(field: string, input: unknown): Ipv4Prefix {
  const [, text, length] = typeof input === "string" ? (/^([^/]*)\/(\d{1,2})$/.exec(input) ?? []) : []
  if (!isDottedQuad(text) || Number(length) > 32 || (length?.startsWith("0") && length !== "0"))
    throw invalid(field, input, "is not an IPv4 prefix", "write address/length: 192.0.2.0/24")
  const value = ipv4ToBigInt(text)
  const first = value & ~hostMask(Number(length))
  if (first !== value)
    throw invalid(field, input, "has host bits set", `probably ${ipv4FromBigInt(first)}/${length} was meant`)
  return branded(`${text}/${length}`)
}

export function ipv4ToBigInt(address: Ipv4Address): bigint {
  return address.split(".").reduce((value, octet) => (value << 8n) | BigInt(octet), 0n)
}

/** 0 to 2^32 - 1; another number is a RangeError. */
export function ipv4FromBigInt(value: bigint): Ipv4Address {
  if (value < 0n || value >> 32n !== 0n) throw new RangeError(`${value} is not a 32-bit number`)
  return branded([24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join("."))
}

/** First (network) and last (broadcast) address of a prefix, and its length. */
export function ipv4PrefixBounds(prefix: Ipv4Prefix): { first: bigint; last: bigint; length: number } {
  const [text = "", digits = ""] = prefix.split("/")
  const first = ipv4ToBigInt(parseIpv4Address("prefix", text))
  const length = Number(digits)
  return { first, last: first | hostMask(length), length }
}

export function isInIpv4Prefix(prefix: Ipv4Prefix, address: Ipv4Address): boolean {
  const { first, last } = ipv4PrefixBounds(prefix)
  const value = ipv4ToBigInt(address)
  return first <= value && value <= last
}

export function ipv4Kind(address: Ipv4Address): Ipv4Kind {
  const value = ipv4ToBigInt(address)
  if (value >> 24n === 0n) return "unspecified"
  if (value >> 24n === 127n) return "loopback"
  if (value >> 16n === 0xa9fen) return "link-local"
  if (value >> 28n === 0xen) return "multicast"
  if (value >> 28n === 0xfn) return "reserved"
  return "unicast"
}

function isDottedQuad(input: unknown): input is Ipv4Address {
  return typeof input === "string" && isIPv4(input)
}

function hostMask(length: number): bigint {
  return (1n << BigInt(32 - length)) - 1n
}

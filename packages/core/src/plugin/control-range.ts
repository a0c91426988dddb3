import { ipv4FromBigInt, ipv4PrefixBounds, ipv4ToBigInt, parseIpv4Address, parseIpv4Prefix } from "../address/ipv4.ts"
import { ipv6FromBigInt, ipv6ToBigInt, parseIpv6Address } from "../address/ipv6-address.ts"
import { ipv6PrefixBounds, parseIpv6Prefix } from "../address/ipv6-prefix.ts"
import { invalid } from "../errors.ts"

/** A prefix that the routers' static control addresses come from; the host itself has its first address. */
export interface ControlRange {
  readonly family: "ipv4" | "ipv6"
  readonly length: number
  /** Both ends of the prefix, as numbers. */
  readonly first: bigint
  readonly last: bigint
  /** The host's own address on the control bridge. */
  readonly hostAddress: string
}

const field = "control.range"
const hint = "Give a prefix such as 192.0.2.0/24 or fd00:64::/64, or leave it out."

/** Checks `control.range` of a host's configuration. INVALID_ARGUMENT when it is no prefix of a length that fits. */
export function parseControlRange(range: string): ControlRange {
  const parsed = range.includes(":") ? ipv6Range(range) : ipv4Range(range)
  const [least, most] = parsed.family === "ipv4" ? [8, 29] : [48, 125]
  if (parsed.length >= least && parsed.length <= most) return parsed
  throw invalid(field, range, `its length is not ${least} to ${most}`, hint)
}

function ipv4Range(range: string): ControlRange {
  const { first, last, length } = ipv4PrefixBounds(parseIpv4Prefix(field, range))
  return { family: "ipv4", length, first, last, hostAddress: ipv4FromBigInt(first + 1n) }
}

function ipv6Range(range: string): ControlRange {
  const { first, last, length } = ipv6PrefixBounds(parseIpv6Prefix(field, range))
  return { family: "ipv6", length, first, last, hostAddress: ipv6FromBigInt(first + 1n) }
}

/**
 * A router's static control address, without its prefix length. INVALID_ARGUMENT when it is not in the range, has
 * another length, or is the host's own.
 */
export function parseControlAddress(controlAddress: string, range: ControlRange | undefined): string {
  const name = "router.controlAddress"
  const remedy = "Give an address of control.range in the host's configuration, with its prefix length."
  if (range === undefined) throw invalid(name, controlAddress, "this host has no control.range", remedy)
  const [text, length, ...rest] = controlAddress.split("/")
  const address = range.family === "ipv4" ? parseIpv4Address(name, text) : parseIpv6Address(name, text)
  const value =
    range.family === "ipv4" ? ipv4ToBigInt(parseIpv4Address(name, text)) : ipv6ToBigInt(parseIpv6Address(name, text))
  if (rest.length > 0 || length !== String(range.length) || value < range.first || value > range.last) {
    throw invalid(name, controlAddress, `not an address of the range with /${range.length}`, remedy)
  }
  if (value === range.first || value === range.first + 1n || (range.family === "ipv4" && value === range.last)) {
    throw invalid(name, controlAddress, "the first, the host's own or the last of the range", remedy)
  }
  return address
}

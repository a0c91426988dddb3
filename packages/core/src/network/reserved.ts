import type { Interval } from "../allocate/address-space.ts"
import { addressSpace } from "../allocate/address-space.ts"
import type { AddressSpace } from "../allocate/address-space.ts"
import { ipv4PrefixBounds, ipv4ToBigInt } from "../address/ipv4.ts"
import type { Ipv4Address, Ipv4Prefix } from "../address/ipv4.ts"
import { ipv6ToBigInt } from "../address/ipv6-address.ts"
import type { Ipv6Address } from "../address/ipv6-address.ts"
import type { Ipv6Range } from "../address/ipv6-range.ts"
import { prefix64ToBigInt } from "../address/prefix64.ts"
import type { Prefix64 } from "../address/prefix64.ts"
import type { Ipv4Range, Ipv4Side, Ipv6Side } from "./records.ts"

/** Interface identifiers that no NIC may have, as IANA lists them (RFC 5453), and why. */
const reservedInterfaceIds: readonly (Interval & { readonly why: string })[] = [
  { first: 0n, last: 0n, why: "the subnet-router anycast address (RFC 4291 section 2.6.1)" },
  { first: 0x02005efffe000000n, last: 0x02005efffeffffffn, why: "reserved for IANA's own Ethernet block (RFC 5453)" },
  { first: 0xfdffffffffffff80n, last: 0xfdffffffffffffffn, why: "a reserved anycast address (RFC 2526)" },
  { first: 0xffffffffffffff80n, last: 0xffffffffffffffffn, why: "a reserved anycast address (RFC 2526)" },
]

/** Why an address of the prefix is never handed out, whoever asks; undefined: it may be. */
export function reservedIpv6(prefix: Prefix64, address: Ipv6Address): string | undefined {
  const interfaceId = ipv6ToBigInt(address) - prefix64ToBigInt(prefix)
  return reservedInterfaceIds.find(({ first, last }) => first <= interfaceId && interfaceId <= last)?.why
}

/** The network's and the broadcast address of an IPv4 prefix are never handed out. */
export function reservedIpv4(prefix: Ipv4Prefix, address: Ipv4Address): string | undefined {
  const { first, last } = ipv4PrefixBounds(prefix)
  if (ipv4ToBigInt(address) === first) return "the address of the network itself"
  if (ipv4ToBigInt(address) === last) return "the broadcast address"
  return undefined
}

/** What guests may get: the range less the reserved identifiers and `others` (gateway, router). */
export function ipv6Space(side: {
  readonly prefix: Prefix64
  readonly range: Ipv6Range
  readonly others: readonly Ipv6Address[]
}): AddressSpace {
  const base = prefix64ToBigInt(side.prefix)
  const anycast = reservedInterfaceIds.map(({ first, last }) => ({ first: base + first, last: base + last }))
  const range = { first: ipv6ToBigInt(side.range.start), last: ipv6ToBigInt(side.range.end) }
  return addressSpace([range], [...anycast, ...side.others.map((address) => single(ipv6ToBigInt(address)))])
}

/** The same for IPv4. */
export function ipv4Space(side: {
  readonly prefix: Ipv4Prefix
  readonly range: Ipv4Range
  readonly others: readonly Ipv4Address[]
}): AddressSpace {
  const { first, last } = ipv4PrefixBounds(side.prefix)
  const range = { first: ipv4ToBigInt(side.range.start), last: ipv4ToBigInt(side.range.end) }
  const others = side.others.map((address) => single(ipv4ToBigInt(address)))
  return addressSpace([range], [single(first), single(last), ...others])
}

function single(address: bigint): Interval {
  return { first: address, last: address }
}

/** What guests of a network may get. */
export function guestIpv6Space(side: Ipv6Side): AddressSpace {
  return ipv6Space({ prefix: side.prefix, range: side.range, others: [side.gateway, side.router] })
}

export function guestIpv4Space(side: Ipv4Side): AddressSpace {
  return ipv4Space({ prefix: side.prefix, range: side.range, others: [side.gateway, side.router] })
}

import type { Interval } from "../allocate/address-space.ts"
import { addressSpace } from "../allocate/address-space.ts"
import type { AddressSpace } from "../allocate/address-space.ts"
import { ipv4PrefixBounds, ipv4ToBigInt } from "../address/ipv4.ts"
import type { Ipv4Address, Ipv4Prefix } from "../address/ipv4.ts"
import { ipv6ToBigInt } from "../address/ipv6-address.ts"
import type { Ipv6Address } from "../address/ipv6-address.ts"
import { prefix64ToBigInt } from "../address/prefix64.ts"
import type { Prefix64 } from "../address/prefix64.ts"
import { ipv4Family, ipv6Family, toIntervals } from "./address-ranges.ts"
import type { AddressFamily, AddressRange } from "./address-ranges.ts"
import type { Ipv4Side, Ipv6Side } from "./records.ts"

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

/** What an address space is made of: ranges less exclusions, reserved addresses and `others` (gateway, router). */
export interface SpaceParts<Prefix extends string, Address extends string> {
  readonly prefix: Prefix
  readonly ranges: readonly AddressRange<Address>[]
  readonly exclusions: readonly AddressRange<Address>[]
  readonly others: readonly Address[]
}

export function ipv6Space(parts: SpaceParts<Prefix64, Ipv6Address>): AddressSpace {
  const base = prefix64ToBigInt(parts.prefix)
  const anycast = reservedInterfaceIds.map(({ first, last }) => ({ first: base + first, last: base + last }))
  return spaceOf(parts, anycast, ipv6Family)
}

export function ipv4Space(parts: SpaceParts<Ipv4Prefix, Ipv4Address>): AddressSpace {
  const { first, last } = ipv4PrefixBounds(parts.prefix)
  return spaceOf(parts, [single(first), single(last)], ipv4Family)
}

/** What guests of a network may get. */
export function guestIpv6Space(side: Ipv6Side): AddressSpace {
  return remembered(spaces, side, () => ipv6Space({ ...side, others: [side.gateway, side.router] }))
}

export function guestIpv4Space(side: Ipv4Side): AddressSpace {
  return remembered(spaces, side, () => ipv4Space({ ...side, others: [side.gateway, side.router] }))
}

/** The same with what is excluded. */
export function wholeIpv6Space(side: Ipv6Side): AddressSpace {
  if (side.exclusions.length === 0) return guestIpv6Space(side)
  return remembered(wholes, side, () => ipv6Space({ ...side, exclusions: [], others: [side.gateway, side.router] }))
}

export function wholeIpv4Space(side: Ipv4Side): AddressSpace {
  if (side.exclusions.length === 0) return guestIpv4Space(side)
  return remembered(wholes, side, () => ipv4Space({ ...side, exclusions: [], others: [side.gateway, side.router] }))
}

/** Of sides that are alive: to make a space takes longer than to claim an address in it. */
const spaces = new WeakMap<object, AddressSpace>()
const wholes = new WeakMap<object, AddressSpace>()

function remembered(of: WeakMap<object, AddressSpace>, side: object, make: () => AddressSpace): AddressSpace {
  const known = of.get(side) ?? make()
  of.set(side, known)
  return known
}

function spaceOf<Address extends string>(
  { ranges, exclusions, others }: Omit<SpaceParts<string, Address>, "prefix">,
  reserved: readonly Interval[],
  family: AddressFamily<Address>,
): AddressSpace {
  const routers = others.map((address) => single(family.toNumber(address)))
  return addressSpace(toIntervals(ranges, family), [...reserved, ...routers, ...toIntervals(exclusions, family)])
}

function single(address: bigint): Interval {
  return { first: address, last: address }
}

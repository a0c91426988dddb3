import { Slash64Error, invalid } from "../errors.ts"
import { branded } from "./brand.ts"
import { ipv6FromBigInt, ipv6ToBigInt, parseIpv6Address } from "./ipv6-address.ts"
import type { Ipv6Address } from "./ipv6-address.ts"

declare const brand: unique symbol

/** The prefix of one link: `2001:db8::/64`, canonical like {@link Ipv6Address}, host bits zero. */
export type Prefix64 = string & { readonly [brand]: "Prefix64" }

const hostMask = (1n << 64n) - 1n

/** Refuses host bits rather than clear them: they are nearly always a typo. Throws INVALID_ARGUMENT. */
export function parsePrefix64(field: string, input: unknown): Prefix64 {
  if (typeof input !== "string") throw invalid(field, input, "is not an IPv6 prefix", "write it as text: 2001:db8::/64")
  const [, text, length] = /^([^/]*)\/(\d{1,3})$/.exec(input) ?? []
  if (text === undefined) throw invalid(field, input, "is not an IPv6 prefix", "write address/64: 2001:db8::/64")
  const network = parseNetwork(field, input, text)
  if (length !== "64")
    throw invalid(field, input, "has a length other than 64", `use a /64, such as ${prefix64Of(network)}`)
  if ((ipv6ToBigInt(network) & hostMask) !== 0n)
    throw invalid(field, input, "has host bits set", `probably ${prefix64Of(network)} was meant`)
  return prefix64Of(network)
}

/** The /64 that an address lies in. */
export function prefix64Of(address: Ipv6Address): Prefix64 {
  return prefix64FromBigInt(ipv6ToBigInt(address))
}

/** The /64 that the address with this number lies in. */
export function prefix64FromBigInt(address: bigint): Prefix64 {
  return branded(`${ipv6FromBigInt(address & ~hostMask)}/64`)
}

/** `prefix::`, the lowest address, which is the subnet-router anycast address (RFC 4291 section 2.6.1). */
export function prefix64ToBigInt(prefix: Prefix64): bigint {
  return ipv6ToBigInt(parseIpv6Address("prefix", prefix.slice(0, -"/64".length)))
}

/** The address with this interface identifier, 0 to 2^64 - 1; another number is a RangeError. */
export function addressInPrefix64(prefix: Prefix64, interfaceId: bigint): Ipv6Address {
  if (interfaceId < 0n || interfaceId > hostMask) throw new RangeError(`${interfaceId} is not a 64-bit number`)
  return ipv6FromBigInt(prefix64ToBigInt(prefix) | interfaceId)
}

export function isInPrefix64(prefix: Prefix64, address: Ipv6Address): boolean {
  return prefix64Of(address) === prefix
}

function parseNetwork(field: string, input: string, text: string): Ipv6Address {
  try {
    return parseIpv6Address(field, text)
  } catch (cause) {
    if (!(cause instanceof Slash64Error)) throw cause
    throw invalid(field, input, "is not an IPv6 prefix", cause.hint ?? "write address/64: 2001:db8::/64")
  }
}

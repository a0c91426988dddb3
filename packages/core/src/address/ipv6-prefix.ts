import { invalid } from "../errors.ts"
import { ipv6FromBigInt, ipv6ToBigInt, parseIpv6Address } from "./ipv6-address.ts"
import type { Ipv6Address } from "./ipv6-address.ts"
import { prefix64Of } from "./prefix64.ts"
import type { Prefix64 } from "./prefix64.ts"

/** A prefix of any length that /64s are taken from; host bits zero. */
export interface Ipv6Prefix {
  readonly network: Ipv6Address
  /** 0 to 128. */
  readonly length: number
}

/** Refuses host bits rather than clear them. Throws INVALID_ARGUMENT. */
export function parseIpv6Prefix(field: string, input: unknown): Ipv6Prefix {
  const [, text, digits] = typeof input === "string" ? (/^([^/]*)\/(0|[1-9]\d{0,2})$/.exec(input) ?? []) : []
  const length = Number(digits)
  if (text === undefined || length > 128)
    throw invalid(field, input, "is not an IPv6 prefix", "write address/length: 2001:db8::/48")
  const given = ipv6ToBigInt(parseIpv6Address(field, text))
  const network = ipv6FromBigInt((given >> BigInt(128 - length)) << BigInt(128 - length))
  if (ipv6ToBigInt(network) !== given)
    throw invalid(field, input, "has host bits set", `probably ${network}/${length} was meant`)
  return { network, length }
}

/** How many /64s are in a prefix of at most 64 bits. A longer one throws INVALID_ARGUMENT. */
export function countPrefix64s(field: string, prefix: Ipv6Prefix): bigint {
  if (prefix.length <= 64) return 1n << BigInt(64 - prefix.length)
  const shown = `${prefix.network}/${prefix.length}`
  throw invalid(field, shown, "is longer than 64 bits, so no /64 is in it", "use a prefix of /64 or shorter")
}

/** The `index`th /64 of a prefix, from 0; beyond its last it is a RangeError. */
export function prefix64At(prefix: Ipv6Prefix, index: bigint): Prefix64 {
  if (index < 0n || index >= countPrefix64s("prefix", prefix)) throw new RangeError(`no /64 number ${index}`)
  return prefix64Of(ipv6FromBigInt(ipv6ToBigInt(prefix.network) + (index << 64n)))
}

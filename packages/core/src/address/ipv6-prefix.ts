import { invalid } from "../errors.ts"
import { branded } from "./brand.ts"
import { ipv6FromBigInt, ipv6ToBigInt, parseIpv6Address } from "./ipv6-address.ts"

declare const brand: unique symbol

/** A prefix of any length: `2001:db8::/48`, canonical like {@link Ipv6Address}, host bits zero. */
export type Ipv6Prefix = string & { readonly [brand]: "Ipv6Prefix" }

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
  return branded(`${network}/${length}`)
}

export interface Ipv6PrefixBounds {
  readonly first: bigint
  readonly last: bigint
  readonly length: number
}

/** Its lowest and highest address as numbers, and its length, 0 to 128. */
export function ipv6PrefixBounds(prefix: Ipv6Prefix): Ipv6PrefixBounds {
  const known = bounds.get(prefix)
  if (known !== undefined) return known
  const [network = "", digits] = prefix.split("/")
  const length = Number(digits)
  const first = ipv6ToBigInt(parseIpv6Address("prefix", network))
  const read = { first, last: first + (1n << BigInt(128 - length)) - 1n, length }
  if (bounds.size >= boundsMost) bounds.clear()
  bounds.set(prefix, read)
  return read
}

/** Those asked for last: each claim on a pool asks for the pool's, and reading the text was a tenth of it. */
const bounds = new Map<Ipv6Prefix, Ipv6PrefixBounds>()
const boundsMost = 1000

/** How many /64s are in a prefix of at most 64 bits. A longer one throws INVALID_ARGUMENT. */
export function countPrefix64s(field: string, prefix: Ipv6Prefix): bigint {
  const { length } = ipv6PrefixBounds(prefix)
  if (length <= 64) return 1n << BigInt(64 - length)
  throw invalid(field, prefix, "is longer than 64 bits, so no /64 is in it", "use a prefix of /64 or shorter")
}

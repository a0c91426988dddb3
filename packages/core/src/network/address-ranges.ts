import { ipv4FromBigInt, ipv4ToBigInt, parseIpv4Address } from "../address/ipv4.ts"
import type { Ipv4Address } from "../address/ipv4.ts"
import { ipv6FromBigInt, ipv6ToBigInt, parseIpv6Address } from "../address/ipv6-address.ts"
import type { Ipv6Address } from "../address/ipv6-address.ts"
import { splitRange } from "../address/ipv6-range.ts"
import { addressSpace } from "../allocate/address-space.ts"
import type { Interval } from "../allocate/address-space.ts"
import { invalid } from "../errors.ts"

/** Both ends included; `start` is not above `end`. */
export interface AddressRange<Address extends string> {
  readonly start: Address
  readonly end: Address
}

/** How the addresses of one family are read, counted and written. */
export interface AddressFamily<Address extends string> {
  readonly name: "ipv6" | "ipv4"
  readonly parse: (field: string, input: unknown) => Address
  readonly toNumber: (address: Address) => bigint
  readonly fromNumber: (value: bigint) => Address
}

export const ipv6Family: AddressFamily<Ipv6Address> = {
  name: "ipv6",
  parse: parseIpv6Address,
  toNumber: ipv6ToBigInt,
  fromNumber: ipv6FromBigInt,
}

export const ipv4Family: AddressFamily<Ipv4Address> = {
  name: "ipv4",
  parse: parseIpv4Address,
  toNumber: ipv4ToBigInt,
  fromNumber: ipv4FromBigInt,
}

/** The family and the prefix that ranges are read for. */
export interface RangeScope<Address extends string> {
  readonly family: AddressFamily<Address>
  readonly prefix: string
  readonly bounds: Interval
}

/** More than this of a network's ranges or exclusions would make each claim dear. */
const rangesMost = 1000

/**
 * A list of ranges, or of single addresses, within the prefix; given back in rising order and merged, so that the
 * same set has one spelling. Throws INVALID_ARGUMENT that names `field`, `field.0`, `field.0.start`.
 */
export function planRanges<Address extends string>(
  field: string,
  input: readonly unknown[],
  scope: RangeScope<Address>,
): AddressRange<Address>[] {
  const intervals = input.map((range, index) => planInterval(`${field}.${index}`, range, scope))
  return uniteRanges(field, intervals, [], scope.family)
}

/** One range within the prefix, or one address. Throws INVALID_ARGUMENT that names `field`, `field.start`. */
export function planInterval<Address extends string>(
  field: string,
  input: unknown,
  { family, prefix, bounds }: RangeScope<Address>,
): Interval {
  const ends = splitRange(field, input)
  const parseEnd = (name: string, end: unknown): bigint => {
    const address = family.parse(name, end)
    const value = family.toNumber(address)
    if (value >= bounds.first && value <= bounds.last) return value
    throw invalid(name, address, `is not in the prefix ${prefix}`, `use an address of ${prefix}`)
  }
  const first = parseEnd(`${field}.start`, ends.start)
  const last = ends.end === undefined ? first : parseEnd(`${field}.end`, ends.end)
  if (first <= last) return { first, last }
  const [start, end] = [family.fromNumber(first), family.fromNumber(last)]
  throw invalid(`${field}.start`, start, `is above the end ${end}`, "swap start and end")
}

/** All of `intervals` less all of `holes`, as ranges. Throws INVALID_ARGUMENT when they are too many. */
export function uniteRanges<Address extends string>(
  field: string,
  intervals: readonly Interval[],
  holes: readonly Interval[],
  family: AddressFamily<Address>,
): AddressRange<Address>[] {
  const united = addressSpace(intervals, holes).intervals
  if (united.length > rangesMost)
    throw invalid(field, united.length, `is more than ${rangesMost} ranges`, "join them to fewer and larger ones")
  return united.map(({ first, last }) => ({ start: family.fromNumber(first), end: family.fromNumber(last) }))
}

export function toIntervals<Address extends string>(
  ranges: readonly AddressRange<Address>[],
  family: AddressFamily<Address>,
): Interval[] {
  return ranges.map(({ start, end }) => ({ first: family.toNumber(start), last: family.toNumber(end) }))
}

/** Ranges for a message: the first ones, and how many more there are. */
export function showRanges(ranges: readonly AddressRange<string>[]): string {
  const shown = ranges.slice(0, 3).map(({ start, end }) => (start === end ? start : `${start} to ${end}`))
  const more = ranges.length - shown.length
  return more > 0 ? `${shown.join(", ")} and ${more} more` : shown.join(", ")
}

import { invalid } from "../errors.ts"
import { ipv6ToBigInt, parseIpv6Address } from "./ipv6-address.ts"
import type { Ipv6Address } from "./ipv6-address.ts"

/** Both ends included; `start` is not above `end`. */
export interface Ipv6Range {
  readonly start: Ipv6Address
  readonly end: Ipv6Address
}

/**
 * `{ start, end }`, or the text `start-end`. A start alone is a range of one; an end alone is refused.
 * Throws INVALID_ARGUMENT that names `field`, `field.start` or `field.end`.
 */
export function parseIpv6Range(field: string, input: unknown): Ipv6Range {
  const ends = splitRange(field, input)
  const start = parseIpv6Address(`${field}.start`, ends.start)
  const end = ends.end === undefined ? start : parseIpv6Address(`${field}.end`, ends.end)
  if (ipv6ToBigInt(start) > ipv6ToBigInt(end))
    throw invalid(`${field}.start`, start, `is above the end ${end}`, "swap start and end")
  return { start, end }
}

export function ipv6RangeSize(range: Ipv6Range): bigint {
  return ipv6ToBigInt(range.end) - ipv6ToBigInt(range.start) + 1n
}

export function isInIpv6Range(range: Ipv6Range, address: Ipv6Address): boolean {
  const value = ipv6ToBigInt(address)
  return ipv6ToBigInt(range.start) <= value && value <= ipv6ToBigInt(range.end)
}

export function ipv6RangesOverlap(a: Ipv6Range, b: Ipv6Range): boolean {
  return ipv6ToBigInt(a.start) <= ipv6ToBigInt(b.end) && ipv6ToBigInt(b.start) <= ipv6ToBigInt(a.end)
}

/** The ends of a range as they were given, of whatever family; `start` is there. Throws INVALID_ARGUMENT. */
export function splitRange(field: string, input: unknown): { readonly start: unknown; readonly end: unknown } {
  if (typeof input === "string") {
    const [start, end, more] = input.split("-")
    if (more !== undefined) throw invalid(field, input, "has more than two ends", "write start-end")
    return { start, end }
  }
  if (typeof input !== "object" || input === null || Array.isArray(input))
    throw invalid(field, input, "is not a range", "give start and end")
  const unknown = Object.keys(input).find((key) => key !== "start" && key !== "end")
  if (unknown !== undefined) throw invalid(`${field}.${unknown}`, input, "is not known", "give start and end only")
  const start = "start" in input ? input.start : undefined
  const end = "end" in input ? input.end : undefined
  if (start === undefined)
    throw invalid(
      `${field}.start`,
      start,
      "is missing",
      "an end needs a start: give the first address of the range too",
    )
  return { start, end }
}

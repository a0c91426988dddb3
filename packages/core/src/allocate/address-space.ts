/** Numbers from `first` to `last`, both included. */
export interface Interval {
  readonly first: bigint
  readonly last: bigint
}

/**
 * The addresses that may be handed out, of one family, as numbers: disjoint intervals in rising order. Each has a
 * position from 0 to `capacity - 1`. 128-bit numbers throughout: a range across 8000:: is like any other.
 */
export interface AddressSpace {
  readonly intervals: readonly Interval[]
  readonly capacity: bigint
}

/** All of `ranges`, which may overlap, less all of `reserved`. */
export function addressSpace(ranges: readonly Interval[], reserved: readonly Interval[]): AddressSpace {
  const taken = merge(reserved)
  const intervals = merge(ranges).flatMap((range) => subtract(range, taken))
  return { intervals, capacity: intervals.reduce((sum, { first, last }) => sum + last - first + 1n, 0n) }
}

/** The address at a position; outside 0 to `capacity - 1` it is a RangeError. */
export function addressAt(space: AddressSpace, position: bigint): bigint {
  let rest = position
  for (const { first, last } of space.intervals) {
    if (rest >= 0n && rest <= last - first) return first + rest
    rest -= last - first + 1n
  }
  throw new RangeError(`no address at position ${position} of ${space.capacity}`)
}

export function isInSpace(space: AddressSpace, address: bigint): boolean {
  return space.intervals.some(({ first, last }) => first <= address && address <= last)
}

/** The lowest address from `from` on; undefined when there is none. */
export function firstAddressFrom(space: AddressSpace, from: bigint): bigint | undefined {
  const interval = space.intervals.find(({ last }) => last >= from)
  return interval && (interval.first > from ? interval.first : from)
}

/**
 * The lowest address from `from` on that is not among `held`, which rises; undefined when there is none. Reads no
 * more of `held` than it must.
 */
export function firstGap(space: AddressSpace, from: bigint, held: Iterable<bigint>): bigint | undefined {
  const taken = held[Symbol.iterator]()
  let next = taken.next()
  try {
    for (const { first, last } of space.intervals) {
      for (let address = first > from ? first : from; address <= last; address++) {
        while (next.done !== true && next.value < address) next = taken.next()
        if (next.done === true || next.value !== address) return address
      }
    }
    return undefined
  } finally {
    taken.return?.()
  }
}

function merge(intervals: readonly Interval[]): Interval[] {
  const merged: Interval[] = []
  for (const next of intervals.toSorted((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0))) {
    const before = merged.at(-1)
    if (before === undefined || next.first > before.last + 1n) merged.push(next)
    else if (next.last > before.last) merged[merged.length - 1] = { first: before.first, last: next.last }
  }
  return merged
}

/** `taken` rises and is disjoint. */
function subtract(range: Interval, taken: readonly Interval[]): Interval[] {
  const left: Interval[] = []
  let first = range.first
  for (const hole of taken) {
    if (hole.last < first || hole.first > range.last) continue
    if (hole.first > first) left.push({ first, last: hole.first - 1n })
    first = hole.last + 1n
  }
  if (first <= range.last) left.push({ first, last: range.last })
  return left
}

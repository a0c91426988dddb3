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
  /** For each interval the position behind its last address. */
  readonly ends: readonly bigint[]
  readonly capacity: bigint
}

/** All of `ranges`, which may overlap, less all of `reserved`. */
export function addressSpace(ranges: readonly Interval[], reserved: readonly Interval[]): AddressSpace {
  const taken = merge(reserved)
  const intervals = merge(ranges).flatMap((range) => subtract(range, taken))
  const ends: bigint[] = []
  let capacity = 0n
  for (const { first, last } of intervals) {
    capacity += last - first + 1n
    ends.push(capacity)
  }
  return { intervals, ends, capacity }
}

/** The address at a position; outside 0 to `capacity - 1` it is a RangeError. */
export function addressAt({ intervals, ends, capacity }: AddressSpace, position: bigint): bigint {
  const index = firstIndex(intervals.length, (at) => (ends[at] ?? 0n) > position)
  const [interval, end] = [intervals[index], ends[index]]
  if (position < 0n || interval === undefined || end === undefined)
    throw new RangeError(`no address at position ${position} of ${capacity}`)
  return interval.last - (end - 1n - position)
}

export function isInSpace(space: AddressSpace, address: bigint): boolean {
  return firstAddressFrom(space, address) === address
}

/** The lowest address from `from` on; undefined when there is none. */
export function firstAddressFrom(space: AddressSpace, from: bigint): bigint | undefined {
  const interval = space.intervals[indexFrom(space, from)]
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
    for (const { first, last } of space.intervals.slice(indexFrom(space, from))) {
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

/** The first interval that reaches to `from` or lies behind it. */
function indexFrom({ intervals }: AddressSpace, from: bigint): number {
  return firstIndex(intervals.length, (at) => (intervals[at]?.last ?? 0n) >= from)
}

/** The first index for which `holds`, as it does for all after it; `length` where there is none. By halves. */
function firstIndex(length: number, holds: (index: number) => boolean): number {
  let [low, high] = [0, length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (holds(middle)) high = middle
    else low = middle + 1
  }
  return low
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

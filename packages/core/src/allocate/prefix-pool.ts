import { ipv6PrefixBounds } from "../address/ipv6-prefix.ts"
import type { Ipv6Prefix } from "../address/ipv6-prefix.ts"
import { prefix64FromBigInt, prefix64ToBigInt } from "../address/prefix64.ts"
import type { Prefix64 } from "../address/prefix64.ts"
import type { PrefixHolder, PrefixPool } from "../network/records.ts"
import { sequentialOrder, stableOrder } from "./address-policy.ts"
import type { AddressOrder, StableSubject } from "./address-policy.ts"
import { addressSpace } from "./address-space.ts"
import type { Interval } from "./address-space.ts"

/**
 * A /64 of a pool as a number: the 35 bits that follow its /29. No pool is larger than a /29, so a /64 keeps its
 * number when the pool grows or shrinks about it, and a double holds it exactly.
 */
const slotMask = (1n << 35n) - 1n

/** The lowest and highest /64 of a pool, a /29 to /63. */
export function poolSlots(pool: Ipv6Prefix): Interval {
  const { first, last } = ipv6PrefixBounds(pool)
  return { first: (first >> 64n) & slotMask, last: (last >> 64n) & slotMask }
}

/** Where a /64 is in a pool; undefined when it is not in it. */
export function slotIn(pool: Ipv6Prefix, prefix: Prefix64): bigint | undefined {
  const { first, last } = ipv6PrefixBounds(pool)
  const address = prefix64ToBigInt(prefix)
  return first <= address && address <= last ? (address >> 64n) & slotMask : undefined
}

/** The /64 with this number in a pool. */
export function prefixAtSlot(pool: Ipv6Prefix, slot: bigint): Prefix64 {
  return prefix64FromBigInt(((ipv6PrefixBounds(pool).first >> 99n) << 99n) | (slot << 64n))
}

/** In which order the /64s of a pool are tried for one holder; `cursor` is where `sequential` goes on. */
export function prefixOrder(
  pool: PrefixPool,
  holder: PrefixHolder,
  { secret, cursor }: Pick<StableSubject, "secret"> & { readonly cursor: bigint },
): AddressOrder {
  const space = addressSpace([poolSlots(pool.prefix)], [])
  switch (pool.policy) {
    case "sequential":
      return sequentialOrder(space, cursor)
    case "stable":
      return nextTo(
        stableOrder(space, {
          secret,
          networkId: pool.id,
          nicId: `${holder.kind} ${holder.id}`,
          family: "prefix",
        }),
      )
  }
}

/**
 * Its first proposal, else the next that is free: a pool knows its free runs, so the next costs nothing, while at nine
 * tenths full a dozen proposals would be made in vain.
 */
function nextTo(order: AddressOrder): AddressOrder {
  const [first] = order.proposals
  return first === undefined ? order : { proposals: [first], walkFrom: first }
}

import { parsePrefix64 } from "../address/prefix64.ts"
import type { Prefix64 } from "../address/prefix64.ts"
import { poolSlots, slotIn } from "../allocate/prefix-pool.ts"
import { Slash64Error, invalid, quote } from "../errors.ts"
import { parseWholeNumber } from "../network/names.ts"
import { pageMost } from "../network/parse-page.ts"
import type { PoolPrefix, PrefixHolder, PrefixPool } from "../network/records.ts"
import type { PrefixCounts, PrefixPage } from "./pool-store.ts"

/** The slot of a /64 that must be in the pool; `field` is how the caller spells it. */
export function slotOfPool(pool: PrefixPool, field: string, prefix: Prefix64): bigint {
  const slot = slotIn(pool.prefix, prefix)
  if (slot !== undefined) return slot
  throw invalid(field, prefix, `is not in pool ${pool.name} (${pool.prefix})`, `use a /64 of ${pool.prefix}`)
}

/** From which slot on a page of a pool begins, and how long it may be. Throws INVALID_ARGUMENT on `after` or `limit`. */
export function parsePrefixPage(
  pool: PrefixPool,
  { after, limit }: PrefixPage,
): { readonly from: bigint; readonly limit: number | undefined } {
  return {
    from:
      after === undefined
        ? poolSlots(pool.prefix).first
        : slotOfPool(pool, "after", parsePrefix64("after", after)) + 1n,
    limit: limit === undefined ? undefined : parseWholeNumber("limit", limit, 1, pageMost),
  }
}

/** What a claim gives to a holder that has a /64: that one, unless another is requested. */
export function samePrefix(stored: PoolPrefix, field: string, requested: Prefix64 | undefined): PoolPrefix {
  if (requested === undefined || requested === stored.prefix) return stored
  const { kind, id } = stored.holder
  const value = quote(requested)
  throw new Slash64Error("ALREADY_EXISTS", `${field} ${value}: ${kind} ${id} has ${stored.prefix}`, {
    field,
    value,
    hint: "ask for that one or for none, or release it first",
  })
}

/** RESOURCE_EXHAUSTED, with the counts. */
export function noPrefixLeft({ name }: PrefixPool, { capacity, held, resting }: PrefixCounts): Slash64Error {
  const first = resting > 0n ? "wait until a released /64 has rested" : "release one"
  return new Slash64Error(
    "RESOURCE_EXHAUSTED",
    `pool ${name}: no /64 is left: ${capacity} in all, ${held} held, ${resting} at rest`,
    {
      field: "pool",
      value: quote(name),
      hint: `${first}, or resize the pool`,
      native: { capacity: String(capacity), held: String(held), resting: String(resting) },
    },
  )
}

/** ALREADY_EXISTS, or FAILED_PRECONDITION while it rests (unix seconds), for a /64 that was requested. */
export function prefixNotFree(
  field: string,
  prefix: Prefix64,
  { kind, id }: PrefixHolder,
  freeAfter: number | undefined,
): Slash64Error {
  const value = quote(prefix)
  const hint = "ask for another, or for none"
  if (freeAfter === undefined)
    return new Slash64Error("ALREADY_EXISTS", `${field} ${value}: ${kind} ${id} has it`, { field, value, hint })
  const time = new Date(freeAfter * 1000).toISOString()
  return new Slash64Error(
    "FAILED_PRECONDITION",
    `${field} ${value}: ${kind} ${id} had it, and it rests until ${time}`,
    {
      field,
      value,
      hint: `${hint}, or again after that time`,
    },
  )
}

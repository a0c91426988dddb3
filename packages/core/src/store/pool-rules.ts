import { ipv6PrefixBounds } from "../address/ipv6-prefix.ts"
import type { Ipv6Prefix } from "../address/ipv6-prefix.ts"
import { Slash64Error, invalid, quote } from "../errors.ts"
import type { PoolPrefix, PrefixPool } from "../network/records.ts"

/** `field`: how the caller spells the pool's id. */
export function noSuchPool(field: string, id: string): Slash64Error {
  return new Slash64Error("NOT_FOUND", `${field} ${quote(id)}: there is no such pool`, {
    field,
    value: quote(id),
    hint: "create the pool first, or list those that are there",
  })
}

/** What creating a stored pool again gives. */
export function samePool(stored: PrefixPool, asked: PrefixPool): PrefixPool {
  const fields = ["name", "prefix", "policy", "quarantineSeconds"] as const
  const changed = fields.find((field) => stored[field] !== asked[field])
  if (changed === undefined) return stored
  throw new Slash64Error(
    "ALREADY_EXISTS",
    `${changed} ${quote(asked[changed])}: pool ${stored.id} is there with ${quote(stored[changed])}`,
    {
      field: changed,
      value: quote(asked[changed]),
      hint: changed === "prefix" ? "resize the pool, or give another id and name" : "give another id and name",
    },
  )
}

/** Whether a pool grows or shrinks to a prefix. INVALID_ARGUMENT for one that neither holds its own nor lies in it. */
export function directionOf(pool: PrefixPool, prefix: Ipv6Prefix): "grow" | "shrink" {
  const [was, will] = [ipv6PrefixBounds(pool.prefix), ipv6PrefixBounds(prefix)]
  if (will.first <= was.first && was.last <= will.last) return "grow"
  if (was.first <= will.first && will.last <= was.last) return "shrink"
  throw invalid("prefix", prefix, `neither holds ${pool.prefix} nor lies in it`, "shorten or lengthen the prefix")
}

/** A shorter pool may cut off nothing that is held. */
export function checkCut(prefix: Ipv6Prefix, held: bigint, such: PoolPrefix | undefined): void {
  if (such !== undefined) throw inTheWay("prefix", prefix, `cuts off ${held} that are held`, held, such)
}

/** A pool may be removed when nothing of it is held. */
export function checkNothingHeld(id: string, held: bigint, such: PoolPrefix | undefined): void {
  if (such !== undefined) throw inTheWay("poolId", id, `${held} of its /64s are held`, held, such)
}

function inTheWay(
  field: string,
  value: string,
  problem: string,
  held: bigint,
  { prefix, holder }: PoolPrefix,
): Slash64Error {
  const message = `${field} ${quote(value)}: ${problem}, such as ${prefix} of ${holder.kind} ${holder.id}`
  return new Slash64Error("FAILED_PRECONDITION", message, {
    field,
    value: quote(value),
    hint: "release them first: remove the networks and the claims",
    native: { held: String(held) },
  })
}

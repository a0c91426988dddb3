import { ipv6PrefixBounds } from "../address/ipv6-prefix.ts"
import type { Ipv6Prefix } from "../address/ipv6-prefix.ts"
import { slotIn } from "../allocate/prefix-pool.ts"
import { Slash64Error, quote } from "../errors.ts"
import type { PrefixPool, SharedNetwork } from "./records.ts"

/**
 * Refuses a pool that cannot be beside those that exist: its id, name or prefix is another's, or a network that is not
 * its own lies in it, on whatever host or VLAN. Pure. Throws ALREADY_EXISTS that names the field and the other.
 */
export function checkPoolAgainst(
  pool: PrefixPool,
  others: { readonly pools: readonly PrefixPool[]; readonly networks: readonly SharedNetwork[] },
): void {
  for (const other of others.pools) if (other.id !== pool.id) checkPair(pool, other)
  for (const { name, ipv6 } of others.networks)
    if (ipv6 !== undefined && ipv6.pool !== pool.id && slotIn(pool.prefix, ipv6.prefix) !== undefined)
      throw taken("prefix", pool.prefix, `holds ${ipv6.prefix} of network ${name}`, "choose a prefix without networks")
}

/**
 * Refuses a network whose /64 lies in a pool that it was not taken from: the pool would hand it out again. `pool` is
 * the one that the /64 lies in. Pure. Throws ALREADY_EXISTS.
 */
export function checkOutsidePools({ ipv6 }: SharedNetwork, pool: PrefixPool | undefined): void {
  if (ipv6 === undefined || pool === undefined || ipv6.pool === pool.id) return
  throw taken(
    "ipv6.prefix",
    ipv6.prefix,
    `lies in pool ${pool.name} (${pool.prefix})`,
    `take it from there: ipv6.pool ${quote(pool.name)} beside this ipv6.prefix`,
  )
}

function checkPair(pool: PrefixPool, other: PrefixPool): void {
  if (pool.name === other.name || pool.name === other.id)
    throw taken("name", pool.name, `is that of pool ${other.name}`, "choose another name")
  if (pool.id === other.name) throw taken("id", pool.id, `is the name of pool ${other.id}`, "choose another id")
  if (overlap(pool.prefix, other.prefix))
    throw taken("prefix", pool.prefix, `overlaps ${other.prefix} of pool ${other.name}`, "choose another prefix")
}

function overlap(a: Ipv6Prefix, b: Ipv6Prefix): boolean {
  const [one, two] = [ipv6PrefixBounds(a), ipv6PrefixBounds(b)]
  return one.first <= two.last && two.first <= one.last
}

function taken(field: string, value: string, problem: string, hint: string): Slash64Error {
  return new Slash64Error("ALREADY_EXISTS", `${field} ${quote(value)}: ${problem}`, {
    field,
    value: quote(value),
    hint,
  })
}

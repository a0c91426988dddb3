import { prefix64At } from "../address/ipv6-prefix.ts"
import { countPrefix64s } from "../address/ipv6-prefix.ts"
import type { Ipv6Prefix } from "../address/ipv6-prefix.ts"
import type { Prefix64 } from "../address/prefix64.ts"

/** The first /64 of `pool` that is not among `held`; undefined when all are. Throws INVALID_ARGUMENT beyond /64. */
export function firstFreePrefix64(pool: Ipv6Prefix, held: ReadonlySet<Prefix64>): Prefix64 | undefined {
  const count = countPrefix64s("pool", pool)
  for (let index = 0n; index < count; index++) {
    const prefix = prefix64At(pool, index)
    if (!held.has(prefix)) return prefix
  }
  return undefined
}

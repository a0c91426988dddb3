import { z } from "zod"
import { parseId } from "../address/id.ts"
import { ipv6FromBigInt, ipv6Kind } from "../address/ipv6-address.ts"
import { ipv6PrefixBounds, parseIpv6Prefix } from "../address/ipv6-prefix.ts"
import type { Ipv6Prefix } from "../address/ipv6-prefix.ts"
import { parsePrefix64 } from "../address/prefix64.ts"
import type { Prefix64 } from "../address/prefix64.ts"
import { invalid } from "../errors.ts"
import { parseName, parseWholeNumber } from "./names.ts"
import { parseShape } from "./parse-shape.ts"
import type { PrefixPool } from "./records.ts"

const poolShape = z.strictObject({
  id: z.unknown().optional(),
  name: z.unknown().optional(),
  prefix: z.unknown().optional(),
  policy: z.enum(["stable", "sequential"]).optional(),
  quarantineSeconds: z.unknown().optional(),
})
const claimShape = z.strictObject({
  pool: z.string(),
  holder: z.unknown().optional(),
  prefix: z.unknown().optional(),
})

/** What a caller asks of a pool: a /64 under an id of its own. */
export interface PrefixClaim {
  readonly poolId: string
  /** The caller's own id: the same one again names the same /64. */
  readonly holder: string
  /** This /64 or none; absent: by the pool's policy. */
  readonly prefix?: Prefix64
}

/**
 * What a caller asks for as a pool. Left out: the id is the name; policy `stable`; a quarantine of an hour, as long as
 * a lease. Pure. Throws INVALID_ARGUMENT that names the field.
 */
export function planPool(request: unknown): PrefixPool {
  const { id, name: given, prefix, policy, quarantineSeconds } = parseShape("", poolShape, request)
  const name = parseName("name", given)
  return {
    id: parseId("id", id ?? name),
    name,
    prefix: parsePoolPrefix("prefix", prefix),
    policy: policy ?? "stable",
    quarantineSeconds: parseWholeNumber("quarantineSeconds", quarantineSeconds ?? 3600, 0, 31_536_000),
  }
}

/** A prefix that a pool may have: a /29 to /63 that networks may be in. Throws INVALID_ARGUMENT. */
export function parsePoolPrefix(field: string, input: unknown): Ipv6Prefix {
  const prefix = parseIpv6Prefix(field, input)
  const { first, length } = ipv6PrefixBounds(prefix)
  if (length < 29 || length > 63)
    throw invalid(field, input, "has a length other than 29 to 63", "use a /29 to /63, such as 2001:db8::/48")
  const kind = first === 0n ? "the one with the loopback address" : ipv6Kind(ipv6FromBigInt(first))
  if (kind === "global" || kind === "unique-local" || kind === "documentation") return prefix
  throw invalid(
    field,
    input,
    `is ${kind}`,
    "use a global, unique-local (fd00::/8) or documentation (2001:db8::/32) prefix",
  )
}

/** The pool by its id or name, and what is asked of it. Pure. Throws INVALID_ARGUMENT. */
export function planPrefixClaim(request: unknown): Omit<PrefixClaim, "poolId"> & { readonly pool: string } {
  const { pool, holder, prefix } = parseShape("", claimShape, request)
  return {
    pool,
    holder: parseId("holder", holder),
    ...(prefix !== undefined && { prefix: parsePrefix64("prefix", prefix) }),
  }
}

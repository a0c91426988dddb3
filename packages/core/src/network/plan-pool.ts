import { z } from "zod"
import { parseId } from "../address/id.ts"
import { ipv6FromBigInt, ipv6Kind } from "../address/ipv6-address.ts"
import { ipv6PrefixBounds, parseIpv6Prefix } from "../address/ipv6-prefix.ts"
import type { Ipv6Prefix } from "../address/ipv6-prefix.ts"
import { parsePrefix64 } from "../address/prefix64.ts"
import type { Prefix64 } from "../address/prefix64.ts"
import { invalid } from "../errors.ts"
import { documented, idSchema, nameSchema, wholeNumberSchema } from "./documented.ts"
import { parseName, parseWholeNumber } from "./names.ts"
import { parseShape } from "./parse-shape.ts"
import type { PrefixPool } from "./records.ts"

/** What {@link planPool} is asked. */
export const poolShape = z.strictObject({
  id: documented("The caller's own id; default: the name", idSchema),
  name: documented("Unique among pools", nameSchema),
  prefix: documented("A /29 to /63: `2001:db8:100::/40`", { type: "string" }),
  policy: z
    .enum(["stable", "sequential"])
    .meta({ description: "How a /64 is chosen where none is asked for; default: stable" })
    .optional(),
  quarantineSeconds: documented("How long a released /64 rests", wholeNumberSchema(0, 31_536_000, { default: 3600 })),
})

/** What {@link planPrefixClaim} is asked. */
export const prefixClaimShape = z.strictObject({
  pool: z.string(),
  holder: documented("The caller's own id: the same one again has the same /64", idSchema),
  prefix: documented("This /64, or none", { type: "string" }),
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
  const { pool, holder, prefix } = parseShape("", prefixClaimShape, request)
  return {
    pool,
    holder: parseId("holder", holder),
    ...(prefix !== undefined && { prefix: parsePrefix64("prefix", prefix) }),
  }
}

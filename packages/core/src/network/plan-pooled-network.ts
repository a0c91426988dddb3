import { z } from "zod"
import { ipv6ToBigInt, parseIpv6Address } from "../address/ipv6-address.ts"
import { addressInPrefix64, parsePrefix64 } from "../address/prefix64.ts"
import type { Prefix64 } from "../address/prefix64.ts"
import { invalid, isSlash64Error } from "../errors.ts"
import { parseShape } from "./parse-shape.ts"
import { planNetwork } from "./plan-network.ts"
import type { SharedNetwork } from "./records.ts"

/** A network that waits for its /64. */
export interface PooledNetworkPlan {
  readonly networkId: string
  /** Id or name of the pool. */
  readonly pool: string
  /** This /64 of the pool or none; absent: by the pool's policy. */
  readonly prefix?: Prefix64
  /** The network on this /64 of the pool with this id. Pure. */
  on(poolId: string, prefix: Prefix64): SharedNetwork
}

const shape = z.looseObject({ ipv6: z.looseObject({ pool: z.string(), prefix: z.unknown().optional() }) })

/** The request of which {@link isPooled} holds. */
export function parsePooled(request: unknown): z.output<typeof shape> {
  return parseShape("", shape, request)
}

/** For a look at the rest of the request, before there is a prefix. */
export const trial = parsePrefix64("prefix", "2001:db8::/64")
const identifiers = (1n << 64n) - 1n
/** Not of the prefix, or no address. */
const asGiven = new Set(["pool", "prefix", "ra", "dns"])

/** Whether the request takes its /64 from a pool. */
export function isPooled(request: unknown): boolean {
  const ipv6 = fieldOf(request, "ipv6")
  return fieldOf(ipv6, "pool") !== undefined
}

/**
 * What a caller asks for as a network on a /64 of a pool: as for `planNetwork`, with `ipv6.pool`, an id or a name,
 * in place of `ipv6.prefix`, or beside it for this /64 and no other. Gateway, router and range are given by their last
 * 64 bits: `::1`. Pure. Throws INVALID_ARGUMENT that names the field.
 */
export function planPooledNetwork(request: unknown): PooledNetworkPlan {
  const { ipv6, ...rest } = parsePooled(request)
  const { pool, prefix: given, ...side } = ipv6
  const prefix = given === undefined ? undefined : parsePrefix64("ipv6.prefix", given)
  const on = (poolId: string, chosen: Prefix64) =>
    planNetwork({ ...rest, ipv6: { ...placeSide(side, chosen, prefix), pool: poolId, prefix: chosen } })
  const { id } = on("trial", prefix ?? trial)
  return { networkId: id, pool, ...(prefix !== undefined && { prefix }), on }
}

/** The side of a request with each interface identifier put into `prefix`. */
export function placeSide(side: object, prefix: Prefix64, requested: Prefix64 | undefined): object {
  return Object.fromEntries(
    Object.entries(side).map(([key, value]) =>
      asGiven.has(key) ? [key, value] : [key, place(`ipv6.${key}`, value, prefix, requested)],
    ),
  )
}

/** Puts each interface identifier into the prefix: `::10-::ff`, `{ start: "::10" }`, a list of them. */
function place(field: string, input: unknown, prefix: Prefix64, requested: Prefix64 | undefined): unknown {
  if (typeof input === "string")
    return input
      .split("-")
      .map((end) => placeOne(field, end, prefix, requested))
      .join("-")
  if (Array.isArray(input)) return input.map((one, index) => place(`${field}.${index}`, one, prefix, requested))
  if (typeof input !== "object" || input === null) return input
  return Object.fromEntries(
    Object.entries(input).map(([key, value]) => [key, place(`${field}.${key}`, value, prefix, requested)]),
  )
}

/** What is no address is left for `planNetwork` to refuse. */
function placeOne(field: string, text: string, prefix: Prefix64, requested: Prefix64 | undefined): string {
  const value = numberOf(field, text)
  if (value === undefined) return text
  if (value <= identifiers) return addressInPrefix64(prefix, value)
  if (requested !== undefined) return text
  throw invalid(field, text, "is a whole address, and its /64 is not known yet", "give its last 64 bits: ::1")
}

function numberOf(field: string, text: string): bigint | undefined {
  try {
    return ipv6ToBigInt(parseIpv6Address(field, text))
  } catch (error) {
    if (isSlash64Error(error)) return undefined
    throw error
  }
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Object.getOwnPropertyDescriptor(value, name)?.value : undefined
}

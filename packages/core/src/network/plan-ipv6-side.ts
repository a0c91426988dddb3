import { z } from "zod"
import { parseId } from "../address/id.ts"
import { addressAt } from "../allocate/address-space.ts"
import { ipv6FromBigInt, ipv6Kind, parseIpv6Address } from "../address/ipv6-address.ts"
import type { Ipv6Address } from "../address/ipv6-address.ts"
import { addressInPrefix64, isInPrefix64, parsePrefix64, prefix64ToBigInt } from "../address/prefix64.ts"
import type { Prefix64 } from "../address/prefix64.ts"
import { invalid } from "../errors.ts"
import { documented, idSchema, ipv6Schema, rangeSchema } from "./documented.ts"
import { ipv6Family, planRanges, showRanges } from "./address-ranges.ts"
import type { RangeScope } from "./address-ranges.ts"
import { planGivenRanges } from "./plan-given-ranges.ts"
import { parseShape } from "./parse-shape.ts"
import { planDns } from "./plan-dns.ts"
import type { Ipv6Side } from "./records.ts"
import { ipv6Space, reservedIpv6 } from "./reserved.ts"

const range = z.unknown().meta(rangeSchema(ipv6Schema))

/** What {@link planIpv6Side} is asked. */
export const ipv6SideShape = z.strictObject({
  prefix: documented("The /64 of the network; with `pool`: this one of it", { type: "string" }),
  pool: documented("Take the /64 from this pool; addresses are then given by their last 64 bits: `::1`", idSchema),
  gateway: documented("The default router's address; needed with `ra` external", ipv6Schema),
  ra: z
    .enum(["external", "router"])
    .meta({ description: "Who sends Router Advertisements: the rack router, or the router VM", default: "external" })
    .optional(),
  router: documented("The router VM's own address. Default: the first that is free", ipv6Schema),
  range: documented("In place of `ranges`, for one", rangeSchema(ipv6Schema)),
  ranges: z.array(range).meta({ description: "What guests may get. Default: the whole prefix" }).optional(),
  exclusions: z.array(range).meta({ description: "What no guest is given" }).optional(),
  dns: z
    .array(z.unknown().meta(ipv6Schema))
    .meta({ description: "Default: the router VM answers DNS", maxItems: 2 })
    .optional(),
})
type Request = z.output<typeof ipv6SideShape>

type Ranges = Pick<Ipv6Side, "prefix" | "ranges" | "exclusions"> & { readonly field: string }

/**
 * The IPv6 side of a network by its rules. `range` is a list of one for `ranges`; without either it is the whole
 * prefix less what is reserved at its ends. Throws INVALID_ARGUMENT that names the field.
 */
export function planIpv6Side(input: unknown): Ipv6Side {
  const request = parseShape("ipv6", ipv6SideShape, input)
  const prefix = planPrefix(request.prefix)
  const scope = ipv6Scope(prefix)
  const whole = { start: addressInPrefix64(prefix, 1n), end: addressInPrefix64(prefix, 0xffffffffffffff7fn) }
  const { field, ranges } = planGivenRanges(request, scope, whole)
  const exclusions = planRanges("ipv6.exclusions", request.exclusions ?? [], scope)
  const ra = request.ra ?? "external"
  const { gateway, router } =
    ra === "router" ? planOwnGateway(prefix, request) : planRouters({ prefix, ranges, exclusions, field }, request)
  // Exclusions do not count: a network that is closed for new NICs excludes all that it has.
  if (ipv6Space({ prefix, ranges, exclusions: [], others: [gateway, router] }).capacity === 0n)
    throw invalid(field, showRanges(ranges), "has no address for guests: all of it is reserved", "give a larger range")
  return {
    prefix,
    ...(request.pool !== undefined && { pool: parseId("ipv6.pool", request.pool) }),
    gateway,
    ra,
    router,
    ranges,
    exclusions,
    dns: planDns("ipv6.dns", request.dns ?? [], planDnsServer),
  }
}

/** Where ranges of a network on this /64 may lie. */
export function ipv6Scope(prefix: Prefix64): RangeScope<Ipv6Address> {
  const first = prefix64ToBigInt(prefix)
  return { family: ipv6Family, prefix, bounds: { first, last: first + (1n << 64n) - 1n } }
}

function planPrefix(input: unknown): Prefix64 {
  const prefix = parsePrefix64("ipv6.prefix", input)
  const kind = ipv6Kind(addressInPrefix64(prefix, 2n))
  const hint = "use a global, unique-local (fd00::/8) or documentation (2001:db8::/32) prefix"
  if (kind === "multicast" || kind === "link-local") throw invalid("ipv6.prefix", input, `is ${kind}`, hint)
  if (prefix === "::/64") throw invalid("ipv6.prefix", input, "holds the loopback and the IPv4-mapped addresses", hint)
  return prefix
}

/** RA mode `router`: the router VM is the gateway. */
function planOwnGateway(prefix: Prefix64, request: Request): Pick<Ipv6Side, "gateway" | "router"> {
  const gateway = planRouterAddress("ipv6.gateway", prefix, request.gateway)
  const router = planRouterAddress("ipv6.router", prefix, request.router)
  const address = router ?? gateway ?? addressInPrefix64(prefix, 1n)
  if (gateway !== undefined && gateway !== address)
    throw invalid(
      "ipv6.gateway",
      gateway,
      `is not the router VM's own address ${address}, which RA mode router advertises`,
      "leave out the gateway, or use RA mode external",
    )
  return { gateway: address, router: address }
}

/** RA mode `external`: the gateway is the rack router, and the router VM has another address. */
function planRouters(ranges: Ranges, request: Request): Pick<Ipv6Side, "gateway" | "router"> {
  const { prefix } = ranges
  const gateway = planRouterAddress("ipv6.gateway", prefix, request.gateway)
  if (gateway === undefined)
    throw invalid(
      "ipv6.gateway",
      undefined,
      "is missing",
      `prefix and gateway come together: give the rack router's address in ${prefix}, or set ipv6.ra to router`,
    )
  const given = planRouterAddress("ipv6.router", prefix, request.router)
  if (given === gateway)
    throw invalid(
      "ipv6.router",
      given,
      "is the gateway's address",
      "give the router VM another, or set ipv6.ra to router",
    )
  return { gateway, router: given ?? firstFree(ranges, gateway) }
}

function firstFree(ranges: Ranges, gateway: Ipv6Address): Ipv6Address {
  const space = ipv6Space({ ...ranges, others: [gateway] })
  if (space.capacity > 0n) return ipv6FromBigInt(addressAt(space, 0n))
  throw invalid(
    ranges.field,
    showRanges(ranges.ranges),
    "has no address for the router VM",
    "give a larger range, or ipv6.router",
  )
}

function planRouterAddress(field: string, prefix: Prefix64, input: unknown): Ipv6Address | undefined {
  if (input === undefined) return undefined
  const address = parseIpv6Address(field, input)
  inPrefix(field, prefix, address)
  const why = reservedIpv6(prefix, address)
  if (why !== undefined) throw invalid(field, input, `is ${why}`, `use another address of ${prefix}`)
  return address
}

function inPrefix(field: string, prefix: Prefix64, address: Ipv6Address): void {
  if (isInPrefix64(prefix, address)) return
  throw invalid(field, address, `is not in the prefix ${prefix}`, `use an address of ${prefix}`)
}

function planDnsServer(field: string, input: unknown): Ipv6Address {
  const address = parseIpv6Address(field, input)
  const kind = ipv6Kind(address)
  if (kind === "global" || kind === "unique-local" || kind === "documentation") return address
  throw invalid(field, input, `is ${kind}, which guests cannot ask`, "give a global or unique-local address")
}

import { z } from "zod"
import { addressAt } from "../allocate/address-space.ts"
import {
  ipv4FromBigInt,
  ipv4Kind,
  ipv4PrefixBounds,
  isInIpv4Prefix,
  parseIpv4Address,
  parseIpv4Prefix,
} from "../address/ipv4.ts"
import type { Ipv4Address, Ipv4Prefix } from "../address/ipv4.ts"
import { invalid } from "../errors.ts"
import { documented, ipv4Schema, rangeSchema } from "./documented.ts"
import { ipv4Family, planRanges, showRanges } from "./address-ranges.ts"
import type { RangeScope } from "./address-ranges.ts"
import { planGivenRanges } from "./plan-given-ranges.ts"
import { parseShape } from "./parse-shape.ts"
import { planDns } from "./plan-dns.ts"
import type { Ipv4Side } from "./records.ts"
import { ipv4Space, reservedIpv4 } from "./reserved.ts"

const range = z.unknown().meta(rangeSchema(ipv4Schema))

/** What {@link planIpv4Side} is asked. */
export const ipv4SideShape = z.strictObject({
  prefix: documented("A /8 to /29", { type: "string" }),
  gateway: documented("The default router's address; may be left out where the router VM is it", ipv4Schema),
  router: documented("The router VM's own address. Default: the first that is free", ipv4Schema),
  range: documented("In place of `ranges`, for one", rangeSchema(ipv4Schema)),
  ranges: z.array(range).meta({ description: "What guests may get. Default: the whole prefix" }).optional(),
  exclusions: z.array(range).meta({ description: "What no guest is given" }).optional(),
  dns: z
    .array(z.unknown().meta(ipv4Schema))
    .meta({ description: "Default: the router VM answers DNS", maxItems: 2 })
    .optional(),
})
type Request = z.output<typeof ipv4SideShape>

type Ranges = Pick<Ipv4Side, "prefix" | "ranges" | "exclusions"> & { readonly field: string }

/**
 * The IPv4 side of a network by its rules. `ownGateway`: the router VM is the gateway, so the gateway's address may
 * be left out. Without ranges: the whole prefix but its network and broadcast address. Throws INVALID_ARGUMENT that
 * names the field.
 */
export function planIpv4Side(input: unknown, ownGateway: boolean): Ipv4Side {
  const request = parseShape("ipv4", ipv4SideShape, input)
  const prefix = planPrefix(request.prefix)
  const scope = ipv4Scope(prefix)
  const whole = { start: ipv4FromBigInt(scope.bounds.first + 1n), end: ipv4FromBigInt(scope.bounds.last - 1n) }
  const { field, ranges } = planGivenRanges(request, scope, whole)
  const exclusions = planRanges("ipv4.exclusions", request.exclusions ?? [], scope)
  const { gateway, router } = planRouters({ prefix, ranges, exclusions, field }, request, ownGateway)
  // Exclusions do not count: a network that is closed for new NICs excludes all that it has.
  if (ipv4Space({ prefix, ranges, exclusions: [], others: [gateway, router] }).capacity === 0n)
    throw invalid(field, showRanges(ranges), "has no address for guests: all of it is reserved", "give a larger range")
  return { prefix, gateway, router, ranges, exclusions, dns: planDns("ipv4.dns", request.dns ?? [], planDnsServer) }
}

/** Where ranges of a network on this prefix may lie. */
export function ipv4Scope(prefix: Ipv4Prefix): RangeScope<Ipv4Address> {
  const { first, last } = ipv4PrefixBounds(prefix)
  return { family: ipv4Family, prefix, bounds: { first, last } }
}

function planPrefix(input: unknown): Ipv4Prefix {
  const prefix = parseIpv4Prefix("ipv4.prefix", input)
  const { first, length } = ipv4PrefixBounds(prefix)
  if (length < 8 || length > 29)
    throw invalid(
      "ipv4.prefix",
      input,
      "has a length outside 8 to 29",
      "a gateway, a router VM and guests need a /29 or shorter",
    )
  const kind = ipv4Kind(ipv4FromBigInt(first))
  if (kind !== "unicast") throw invalid("ipv4.prefix", input, `is ${kind}`, "use a prefix of unicast addresses")
  return prefix
}

/** Gateway and router VM may be one: then the router VM is the gateway. */
function planRouters(ranges: Ranges, request: Request, ownGateway: boolean): Pick<Ipv4Side, "gateway" | "router"> {
  const { prefix } = ranges
  const gateway = planRouterAddress("ipv4.gateway", prefix, request.gateway)
  const router = planRouterAddress("ipv4.router", prefix, request.router)
  if (ownGateway) {
    const address = router ?? gateway ?? ipv4FromBigInt(ipv4PrefixBounds(prefix).first + 1n)
    return { gateway: gateway ?? address, router: address }
  }
  if (gateway === undefined)
    throw invalid(
      "ipv4.gateway",
      undefined,
      "is missing",
      `prefix and gateway come together: give an address in ${prefix}`,
    )
  return { gateway, router: router ?? firstFree(ranges, gateway) }
}

function firstFree(ranges: Ranges, gateway: Ipv4Address): Ipv4Address {
  const space = ipv4Space({ ...ranges, others: [gateway] })
  if (space.capacity > 0n) return ipv4FromBigInt(addressAt(space, 0n))
  throw invalid(
    ranges.field,
    showRanges(ranges.ranges),
    "has no address for the router VM",
    "give a larger range, or ipv4.router",
  )
}

function planRouterAddress(field: string, prefix: Ipv4Prefix, input: unknown): Ipv4Address | undefined {
  if (input === undefined) return undefined
  const address = parseIpv4Address(field, input)
  inPrefix(field, prefix, address)
  const why = reservedIpv4(prefix, address)
  if (why !== undefined) throw invalid(field, input, `is ${why}`, `use another address of ${prefix}`)
  return address
}

function inPrefix(field: string, prefix: Ipv4Prefix, address: Ipv4Address): void {
  if (isInIpv4Prefix(prefix, address)) return
  throw invalid(field, address, `is not in the prefix ${prefix}`, `use an address of ${prefix}`)
}

function planDnsServer(field: string, input: unknown): Ipv4Address {
  const address = parseIpv4Address(field, input)
  const kind = ipv4Kind(address)
  if (kind === "unicast") return address
  throw invalid(field, input, `is ${kind}, which guests cannot ask`, "give a unicast address")
}

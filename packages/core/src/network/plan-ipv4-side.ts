import { z } from "zod"
import { addressAt } from "../allocate/address-space.ts"
import {
  ipv4FromBigInt,
  ipv4Kind,
  ipv4PrefixBounds,
  ipv4ToBigInt,
  isInIpv4Prefix,
  parseIpv4Address,
  parseIpv4Prefix,
} from "../address/ipv4.ts"
import type { Ipv4Address, Ipv4Prefix } from "../address/ipv4.ts"
import { splitRange } from "../address/ipv6-range.ts"
import { invalid } from "../errors.ts"
import { parseShape } from "./parse-shape.ts"
import { planDns } from "./plan-dns.ts"
import type { Ipv4Range, Ipv4Side } from "./records.ts"
import { ipv4Space, reservedIpv4 } from "./reserved.ts"

const shape = z.strictObject({
  prefix: z.unknown().optional(),
  gateway: z.unknown().optional(),
  router: z.unknown().optional(),
  range: z.unknown().optional(),
  dns: z.array(z.unknown()).optional(),
})
type Request = z.output<typeof shape>

/**
 * The IPv4 side of a network by its rules. `ownGateway`: the router VM is the gateway, so the gateway's address may
 * be left out. Throws INVALID_ARGUMENT that names the field.
 */
export function planIpv4Side(input: unknown, ownGateway: boolean): Ipv4Side {
  const request = parseShape("ipv4", shape, input)
  const prefix = planPrefix(request.prefix)
  const range = planRange(prefix, request.range)
  const { gateway, router } = planRouters(prefix, range, request, ownGateway)
  if (ipv4Space({ prefix, range, others: [gateway, router] }).capacity === 0n)
    throw invalid(
      "ipv4.range",
      request.range,
      "has no address for guests: all of it is reserved",
      "give a larger range",
    )
  return { prefix, gateway, router, range, dns: planDns("ipv4.dns", request.dns ?? [], planDnsServer) }
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

/** Without a range: the whole prefix but its network and broadcast address. */
function planRange(prefix: Ipv4Prefix, input: unknown): Ipv4Range {
  const { first, last } = ipv4PrefixBounds(prefix)
  if (input === undefined) return { start: ipv4FromBigInt(first + 1n), end: ipv4FromBigInt(last - 1n) }
  const ends = splitRange("ipv4.range", input)
  const start = parseIpv4Address("ipv4.range.start", ends.start)
  const end = ends.end === undefined ? start : parseIpv4Address("ipv4.range.end", ends.end)
  inPrefix("ipv4.range.start", prefix, start)
  inPrefix("ipv4.range.end", prefix, end)
  if (ipv4ToBigInt(start) > ipv4ToBigInt(end))
    throw invalid("ipv4.range.start", start, `is above the end ${end}`, "swap start and end")
  return { start, end }
}

/** Gateway and router VM may be one: then the router VM is the gateway. */
function planRouters(
  prefix: Ipv4Prefix,
  range: Ipv4Range,
  request: Request,
  ownGateway: boolean,
): Pick<Ipv4Side, "gateway" | "router"> {
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
  return { gateway, router: router ?? firstFree(prefix, range, gateway) }
}

function firstFree(prefix: Ipv4Prefix, range: Ipv4Range, gateway: Ipv4Address): Ipv4Address {
  const space = ipv4Space({ prefix, range, others: [gateway] })
  if (space.capacity > 0n) return ipv4FromBigInt(addressAt(space, 0n))
  throw invalid(
    "ipv4.range",
    `${range.start}-${range.end}`,
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

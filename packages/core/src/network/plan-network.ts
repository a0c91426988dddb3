import { z } from "zod"
import { parseId } from "../address/id.ts"
import { ipv6ToBigInt } from "../address/ipv6-address.ts"
import { invalid } from "../errors.ts"
import type { NetworkAttachment } from "../plugin/hypervisor-plugin.ts"
import { showRanges } from "./address-ranges.ts"
import { documented, idSchema, interfaceSchema, nameSchema, wholeNumberSchema } from "./documented.ts"
import { parseDomain, parseInterfaceName, parseMtu, parseName, parseVlan, parseWholeNumber } from "./names.ts"
import { parseShape } from "./parse-shape.ts"
import { ipv4SideShape, planIpv4Side } from "./plan-ipv4-side.ts"
import { ipv6SideShape, planIpv6Side } from "./plan-ipv6-side.ts"
import type { AddressPolicy, Ipv6Side, SharedNetwork } from "./records.ts"

/** A year. */
export const quarantineMost = 31_536_000

const bridgeField = documented("A bridge that is there", interfaceSchema)
const vlanField = documented("802.1Q tag", wholeNumberSchema(1, 4094))
const attachmentShape = z
  .discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("isolated") }),
    z.strictObject({ kind: z.literal("bridge"), bridge: bridgeField }).meta({ required: ["kind", "bridge"] }),
    z
      .strictObject({
        kind: z.literal("vlan"),
        uplink: documented("The device that carries the VLAN", interfaceSchema),
        vlan: vlanField,
      })
      .meta({ required: ["kind", "uplink", "vlan"] }),
    z
      .strictObject({ kind: z.literal("openvswitch"), bridge: bridgeField, vlan: vlanField })
      .meta({ required: ["kind", "bridge"] }),
  ])
  .meta({ description: "What the network stands on, the same on every host" })

/** What {@link planNetwork} is asked; `ipv6.pool` in place of `ipv6.prefix` for {@link planPooledNetwork}. */
export const networkShape = z.strictObject({
  id: documented("Default: the name", idSchema),
  name: documented("Unique among networks", nameSchema),
  attachment: attachmentShape,
  mtu: documented("Bytes", wholeNumberSchema(1280, 9216, { default: 1500 })),
  ipv6: ipv6SideShape.optional(),
  ipv4: ipv4SideShape.optional(),
  domain: documented("The guests' DNS search domain", { type: "string", maxLength: 253 }),
  leaseSeconds: documented("How long a DHCP lease lasts", wholeNumberSchema(120, 86_400, { default: 3600 })),
  quarantineSeconds: documented(
    "How long a released address rests. Default: as long as a lease",
    wholeNumberSchema(0, quarantineMost),
  ),
  policy: z
    .enum(["stable", "eui64", "sequential", "random"])
    .meta({ description: "How addresses are chosen", default: "stable" })
    .optional(),
  portSecurity: z
    .boolean()
    .meta({ description: "Drop what a guest sends from an address that is not its own", default: false })
    .optional(),
})

/**
 * What a caller asks for as a shared network, by every rule that needs no look at other networks (for those see
 * {@link checkAgainst}). Left out: the id is the name; MTU 1500; leases of an hour; quarantine as long as a lease;
 * policy `stable`; no port security. Pure. Throws INVALID_ARGUMENT that names the field, the value and what is right.
 */
export function planNetwork(request: unknown): SharedNetwork {
  const { ipv6, ipv4, domain, ...rest } = parseShape("", networkShape, request)
  if (ipv6 === undefined && ipv4 === undefined)
    throw invalid(
      "ipv6",
      undefined,
      "is missing",
      "give an IPv6 /64 (ipv6.prefix and ipv6.gateway), an IPv4 prefix, or both",
    )
  const side6 = ipv6 === undefined ? undefined : planIpv6Side(ipv6)
  const side4 = ipv4 === undefined ? undefined : planIpv4Side(ipv4, side6?.ra === "router")
  const name = parseName("name", rest.name)
  const leaseSeconds = parseWholeNumber("leaseSeconds", rest.leaseSeconds ?? 3600, 120, 86_400)
  return {
    id: parseId("id", rest.id ?? name),
    name,
    attachment: planAttachment(rest.attachment),
    mtu: parseMtu("mtu", rest.mtu ?? 1500),
    ...(side6 && { ipv6: side6 }),
    ...(side4 && { ipv4: side4 }),
    ...(domain !== undefined && { domain: parseDomain("domain", domain) }),
    leaseSeconds,
    quarantineSeconds: parseWholeNumber("quarantineSeconds", rest.quarantineSeconds ?? leaseSeconds, 0, quarantineMost),
    policy: planPolicy(rest.policy ?? "stable", side6),
    portSecurity: rest.portSecurity ?? false,
  }
}

function planPolicy(policy: AddressPolicy, ipv6: Ipv6Side | undefined): AddressPolicy {
  if (policy !== "eui64") return policy
  const others = "choose stable, sequential or random"
  if (ipv6 === undefined) throw invalid("policy", policy, "has a meaning for IPv6 only", others)
  if (ipv6.ranges.some(({ start, end }) => holdsEui64(ipv6ToBigInt(start), ipv6ToBigInt(end)))) return policy
  const hint = `leave out the ranges, or ${others}`
  throw invalid("policy", policy, `no address that follows from a MAC is in ${showRanges(ipv6.ranges)}`, hint)
}

/** Whether an address with ff:fe in the middle of its interface identifier lies between two of one /64. */
function holdsEui64(first: bigint, last: bigint): boolean {
  const middle = 0xfffen << 24n
  const [low, high] = [first & ~0xff_ffff_ffffn, first & 0xff_ffff_ffffn]
  const next = high <= middle ? low | middle : high <= (middle | 0xff_ffffn) ? first : (low + (1n << 40n)) | middle
  return next <= last
}

function planAttachment(request: z.output<typeof attachmentShape>): NetworkAttachment {
  switch (request.kind) {
    case "isolated":
      return { kind: "isolated" }
    case "bridge":
      return { kind: "bridge", bridge: parseInterfaceName("attachment.bridge", request.bridge) }
    case "vlan":
      return {
        kind: "vlan",
        uplink: parseInterfaceName("attachment.uplink", request.uplink),
        vlan: parseVlan("attachment.vlan", request.vlan),
      }
    case "openvswitch": {
      const bridge = parseInterfaceName("attachment.bridge", request.bridge)
      return {
        kind: "openvswitch",
        bridge,
        ...(request.vlan !== undefined && { vlan: parseVlan("attachment.vlan", request.vlan) }),
      }
    }
  }
}

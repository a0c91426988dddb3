import { createHash } from "node:crypto"
import { z } from "zod"
import { isInSpace } from "../allocate/address-space.ts"
import { parseId, parseUuid } from "../address/id.ts"
import { ipv4ToBigInt, isInIpv4Prefix, parseIpv4Address } from "../address/ipv4.ts"
import type { Ipv4Address } from "../address/ipv4.ts"
import { ipv6ToBigInt, parseIpv6Address } from "../address/ipv6-address.ts"
import type { Ipv6Address } from "../address/ipv6-address.ts"
import { parseNicMac } from "../address/mac-address.ts"
import { isInPrefix64 } from "../address/prefix64.ts"
import { invalid } from "../errors.ts"
import type { Slash64Error } from "../errors.ts"
import { ipv4Family, ipv6Family, showRanges, toIntervals } from "./address-ranges.ts"
import type { AddressFamily, AddressRange } from "./address-ranges.ts"
import { documented, idSchema, ipv4Schema, ipv6Schema, nameSchema } from "./documented.ts"
import { isReservedHostname, parseHostname } from "./names.ts"
import type { NicClaim } from "./nic-claim.ts"
import { parseShape } from "./parse-shape.ts"
import type { Ipv4Side, Ipv6Side, SharedNetwork } from "./records.ts"
import { guestIpv4Space, guestIpv6Space, reservedIpv4, reservedIpv6 } from "./reserved.ts"

/** What {@link planNic} is asked. */
export const nicShape = z.strictObject({
  id: documented("The caller's own", idSchema),
  networkId: documented("Where it is given, that of the network", idSchema),
  host: documented("Name of the host that the VM is on", idSchema),
  vmId: documented("UUID of the VM", { type: "string", format: "uuid" }),
  mac: documented("Unicast. Default: one that follows from the NIC's id", { type: "string" }),
  requestedIpv6: documented("This address or none", ipv6Schema),
  requestedIpv4: documented("This address or none", ipv4Schema),
  hostname: documented("The guest's name in DHCP and DNS; unique in its network. Default: of the id", nameSchema),
  isDefault: z
    .boolean()
    .meta({ description: "The VM takes its default route and DNS here. Default: true for a VM's first NIC" })
    .optional(),
})

/**
 * What a caller asks for as a NIC on `network`, by every rule that needs no look at other NICs; whether a requested
 * address is free is for the store to say. `networkId` may be left out. Pure. Throws INVALID_ARGUMENT that names
 * the field, the value and what is right.
 */
export function planNic(request: unknown, network: SharedNetwork): NicClaim {
  const given = parseShape("", nicShape, request)
  if (given.networkId !== undefined && given.networkId !== network.id)
    throw invalid(
      "networkId",
      given.networkId,
      `is not the network ${network.id}`,
      `give ${network.id}, or leave it out`,
    )
  const id = parseId("id", given.id)
  const claim: NicClaim = {
    id,
    networkId: network.id,
    host: parseId("host", given.host),
    vmId: parseUuid("vmId", given.vmId),
    ...(given.mac !== undefined && { mac: parseNicMac("mac", given.mac) }),
    ...(given.requestedIpv6 !== undefined && { requestedIpv6: parseIpv6Address("requestedIpv6", given.requestedIpv6) }),
    ...(given.requestedIpv4 !== undefined && { requestedIpv4: parseIpv4Address("requestedIpv4", given.requestedIpv4) }),
    hostname: given.hostname === undefined ? hostnameForNic(id) : parseHostname("hostname", given.hostname),
    ...(given.isDefault !== undefined && { isDefault: given.isDefault }),
  }
  if (claim.requestedIpv6 !== undefined) checkIpv6(claim.requestedIpv6, network)
  if (claim.requestedIpv4 !== undefined) checkIpv4(claim.requestedIpv4, network)
  return claim
}

/**
 * Refuses a requested address that the network gives to no new NIC, excluded ones too: for the store, which knows
 * whether the NIC is new. Throws INVALID_ARGUMENT.
 */
export function checkRequested(claim: Pick<NicClaim, "requestedIpv6" | "requestedIpv4">, network: SharedNetwork): void {
  if (claim.requestedIpv6 !== undefined) {
    const side = checkIpv6(claim.requestedIpv6, network)
    if (!isInSpace(guestIpv6Space(side), ipv6ToBigInt(claim.requestedIpv6)))
      throw refused("requestedIpv6", claim.requestedIpv6, "is excluded", side)
  }
  if (claim.requestedIpv4 !== undefined) {
    const side = checkIpv4(claim.requestedIpv4, network)
    if (!isInSpace(guestIpv4Space(side), ipv4ToBigInt(claim.requestedIpv4)))
      throw refused("requestedIpv4", claim.requestedIpv4, "is excluded", side)
  }
}

/** The name of a guest that was given none: its NIC's id where that can be a name, else one with a hash of it. */
export function hostnameForNic(nicId: string): string {
  if (nicId.length <= 63 && !isReservedHostname(nicId)) return nicId
  return `nic-${createHash("sha256").update(nicId).digest("hex").slice(0, 16)}`
}

/** Exclusions are passed over: a NIC keeps its address when it is excluded, and may ask for it again. */
function checkIpv6(address: Ipv6Address, network: SharedNetwork): Ipv6Side {
  const field = "requestedIpv6"
  const side = network.ipv6
  if (side === undefined)
    throw invalid(field, address, `network ${network.id} has no IPv6`, "leave it out, or choose another network")
  if (!isInPrefix64(side.prefix, address)) throw refused(field, address, `is not in the prefix ${side.prefix}`, side)
  const why = reservedIpv6(side.prefix, address)
  checkRouters(field, address, side)
  if (why !== undefined) throw refused(field, address, `is ${why}`, side)
  checkRanges(field, address, side, ipv6Family)
  return side
}

function checkIpv4(address: Ipv4Address, network: SharedNetwork): Ipv4Side {
  const field = "requestedIpv4"
  const side = network.ipv4
  if (side === undefined)
    throw invalid(field, address, `network ${network.id} has no IPv4`, "leave it out, or choose another network")
  if (!isInIpv4Prefix(side.prefix, address)) throw refused(field, address, `is not in the prefix ${side.prefix}`, side)
  const why = reservedIpv4(side.prefix, address)
  checkRouters(field, address, side)
  if (why !== undefined) throw refused(field, address, `is ${why}`, side)
  checkRanges(field, address, side, ipv4Family)
  return side
}

type Side = Pick<Ipv6Side, "gateway" | "router" | "ranges"> | Pick<Ipv4Side, "gateway" | "router" | "ranges">

function checkRouters(field: string, address: string, side: Side): void {
  if (address === side.gateway) throw refused(field, address, "is the network's gateway", side)
  if (address === side.router) throw refused(field, address, "is the router VM's address", side)
}

function checkRanges<Address extends string>(
  field: string,
  address: Address,
  side: Side & { readonly ranges: readonly AddressRange<Address>[] },
  family: AddressFamily<Address>,
): void {
  const value = family.toNumber(address)
  if (toIntervals(side.ranges, family).some(({ first, last }) => first <= value && value <= last)) return
  throw refused(field, address, `is not in the network's ranges: ${showRanges(side.ranges)}`, side)
}

function refused(field: string, address: string, problem: string, side: Side): Slash64Error {
  return invalid(field, address, problem, `ask for a free address of ${showRanges(side.ranges)}, or for none`)
}

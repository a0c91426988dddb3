import { isDeepStrictEqual } from "node:util"
import { z } from "zod"
import type { Ipv4Prefix } from "../address/ipv4.ts"
import type { Prefix64 } from "../address/prefix64.ts"
import type { Interval } from "../allocate/address-space.ts"
import { invalid } from "../errors.ts"
import { addIpv4Side, addIpv6Side, describesFamily } from "./add-family.ts"
import { documented, ipv4Schema, ipv6Schema, rangeSchema, wholeNumberSchema } from "./documented.ts"
import { planInterval, toIntervals, uniteRanges } from "./address-ranges.ts"
import type { AddressRange, RangeScope } from "./address-ranges.ts"
import { parseWholeNumber } from "./names.ts"
import { parseShape } from "./parse-shape.ts"
import { ipv4Scope, ipv4SideShape } from "./plan-ipv4-side.ts"
import { ipv6Scope, ipv6SideShape } from "./plan-ipv6-side.ts"
import { quarantineMost } from "./plan-network.ts"
import type { Ipv4Side, Ipv6Side, SharedNetwork } from "./records.ts"

/**
 * What of a network changes while it is in use. Absent: stays as it is. A family is changed by its ranges, or is
 * described as where a network is made: then the network has it from now on, and each of its NICs an address of it.
 */
export interface NetworkChange {
  readonly ipv6?: RangeChange | NewIpv6
  readonly ipv4?: RangeChange | NewIpv4
  /** Counts for what is released from now on. */
  readonly quarantineSeconds?: number
}

/** `start-end`, one address, or its parts; within the network's prefix. */
export type GivenRange = string | { readonly start: string; readonly end?: string }

export interface RangeChange {
  readonly addRanges?: readonly GivenRange[]
  /** What nobody is given from now on; a NIC that has such an address keeps it. */
  readonly exclude?: readonly GivenRange[]
  /** What was excluded and is handed out again; what was not excluded is passed over. */
  readonly unexclude?: readonly GivenRange[]
}

export type NewIpv6 = z.input<typeof ipv6SideShape>
export type NewIpv4 = z.input<typeof ipv4SideShape>

const rangeShape = (address: Readonly<Record<string, unknown>>) => {
  const ranges = z.array(z.unknown().meta(rangeSchema(address)))
  return z.strictObject({
    addRanges: ranges.optional(),
    exclude: ranges.meta({ description: "What nobody is given from now on; a NIC keeps what it has" }).optional(),
    unexclude: ranges.meta({ description: "What is handed out again" }).optional(),
  })
}

const familyChange = "Changes of its ranges; or, to add the family, all that describes it where a network is made"

/** What {@link planNetworkChange} is asked. */
export const networkChangeShape = z.strictObject({
  ipv6: rangeShape(ipv6Schema).extend(ipv6SideShape.shape).meta({ description: familyChange }).optional(),
  ipv4: rangeShape(ipv4Schema).extend(ipv4SideShape.shape).meta({ description: familyChange }).optional(),
  quarantineSeconds: documented("For what is released from now on", wholeNumberSchema(0, quarantineMost)),
})

/**
 * The network after a change; `network` itself when that says nothing new, so a change may be repeated. Pure; for a
 * /64 of a pool see {@link planPooledChange}. Throws INVALID_ARGUMENT that names the field, the value and what is
 * right, and ALREADY_EXISTS where the network has the family otherwise.
 */
export function planNetworkChange(network: SharedNetwork, change: unknown): SharedNetwork {
  const { ipv6, ipv4, quarantineSeconds } = parseShape("", networkChangeShape, change)
  const side6 = ipv6 === undefined ? network.ipv6 : changeIpv6(network, ipv6)
  const side4 = ipv4 === undefined ? network.ipv4 : changeIpv4(network, ipv4, side6?.ra === "router")
  const changed: SharedNetwork = {
    ...network,
    ...(side6 && { ipv6: side6 }),
    ...(side4 && { ipv4: side4 }),
    ...(quarantineSeconds !== undefined && {
      quarantineSeconds: parseWholeNumber("quarantineSeconds", quarantineSeconds, 0, quarantineMost),
    }),
  }
  return isDeepStrictEqual(changed, network) ? network : changed
}

type FamilyChange = z.output<ReturnType<typeof rangeShape>>

function changeIpv6(network: SharedNetwork, change: FamilyChange): Ipv6Side {
  if (describesFamily(change)) return addIpv6Side(network, change)
  if (network.ipv6 === undefined) throw noSide("ipv6", network)
  return changeSide(network.ipv6, change, ipv6Scope(network.ipv6.prefix))
}

function changeIpv4(network: SharedNetwork, change: FamilyChange, ownGateway: boolean): Ipv4Side {
  if (describesFamily(change)) return addIpv4Side(network, change, ownGateway)
  if (network.ipv4 === undefined) throw noSide("ipv4", network)
  return changeSide(network.ipv4, change, ipv4Scope(network.ipv4.prefix))
}

interface Side<Address extends string> {
  readonly prefix: Prefix64 | Ipv4Prefix
  readonly ranges: readonly AddressRange<Address>[]
  readonly exclusions: readonly AddressRange<Address>[]
}

function changeSide<Address extends string, S extends Side<Address>>(
  side: S,
  change: FamilyChange,
  scope: RangeScope<Address>,
): S {
  const { family } = scope
  const read = (name: keyof RangeChange) =>
    (change[name] ?? []).map((range, index) => planInterval(`${family.name}.${name}.${index}`, range, scope))
  const [added, excluded, unexcluded] = [read("addRanges"), read("exclude"), read("unexclude")]
  checkApart(`${family.name}.unexclude`, change.unexclude ?? [], unexcluded, excluded)
  const ranges = [...toIntervals(side.ranges, family), ...added]
  const exclusions = [...toIntervals(side.exclusions, family), ...excluded]
  return {
    ...side,
    ranges: uniteRanges(`${family.name}.addRanges`, ranges, [], family),
    exclusions: uniteRanges(`${family.name}.exclude`, exclusions, unexcluded, family),
  }
}

/** The same address excluded and not: whatever was done, half of it would be wrong. */
function checkApart(
  field: string,
  given: readonly unknown[],
  unexcluded: readonly Interval[],
  excluded: readonly Interval[],
): void {
  const index = unexcluded.findIndex((one) =>
    excluded.some((other) => one.first <= other.last && other.first <= one.last),
  )
  if (index >= 0)
    throw invalid(`${field}.${index}`, given[index], "is among what the same change excludes", "leave out one of them")
}

function noSide(family: "ipv6" | "ipv4", network: SharedNetwork): Error {
  const name = family === "ipv6" ? "IPv6" : "IPv4"
  const value = network.id
  return invalid(
    family,
    value,
    `network ${network.id} has no ${name}`,
    `leave it out, or add ${name}: give ${family}.prefix too`,
  )
}

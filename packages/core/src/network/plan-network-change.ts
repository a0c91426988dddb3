import { isDeepStrictEqual } from "node:util"
import { z } from "zod"
import type { Ipv4Prefix } from "../address/ipv4.ts"
import type { Prefix64 } from "../address/prefix64.ts"
import type { Interval } from "../allocate/address-space.ts"
import { invalid } from "../errors.ts"
import { documented, ipv4Schema, ipv6Schema, rangeSchema, wholeNumberSchema } from "./documented.ts"
import { planInterval, toIntervals, uniteRanges } from "./address-ranges.ts"
import type { AddressRange, RangeScope } from "./address-ranges.ts"
import { parseWholeNumber } from "./names.ts"
import { parseShape } from "./parse-shape.ts"
import { ipv4Scope } from "./plan-ipv4-side.ts"
import { ipv6Scope } from "./plan-ipv6-side.ts"
import { quarantineMost } from "./plan-network.ts"
import type { SharedNetwork } from "./records.ts"

/** What of a network changes while it is in use. Absent: stays as it is. */
export interface NetworkChange {
  readonly ipv6?: RangeChange
  readonly ipv4?: RangeChange
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

const rangeShape = (address: Readonly<Record<string, unknown>>) => {
  const ranges = z.array(z.unknown().meta(rangeSchema(address)))
  return z.strictObject({
    addRanges: ranges.optional(),
    exclude: ranges.meta({ description: "What nobody is given from now on; a NIC keeps what it has" }).optional(),
    unexclude: ranges.meta({ description: "What is handed out again" }).optional(),
  })
}

/** What {@link planNetworkChange} is asked. */
export const networkChangeShape = z.strictObject({
  ipv6: rangeShape(ipv6Schema).optional(),
  ipv4: rangeShape(ipv4Schema).optional(),
  quarantineSeconds: documented("For what is released from now on", wholeNumberSchema(0, quarantineMost)),
})

/**
 * The network after a change; `network` itself when that says nothing new, so a change may be repeated. Pure. Throws
 * INVALID_ARGUMENT that names the field, the value and what is right.
 */
export function planNetworkChange(network: SharedNetwork, change: unknown): SharedNetwork {
  const { ipv6, ipv4, quarantineSeconds } = parseShape("", networkChangeShape, change)
  if (ipv6 !== undefined && network.ipv6 === undefined) throw noSide("ipv6", network)
  if (ipv4 !== undefined && network.ipv4 === undefined) throw noSide("ipv4", network)
  const changed: SharedNetwork = {
    ...network,
    ...(network.ipv6 && ipv6 && { ipv6: changeSide(network.ipv6, ipv6, ipv6Scope(network.ipv6.prefix)) }),
    ...(network.ipv4 && ipv4 && { ipv4: changeSide(network.ipv4, ipv4, ipv4Scope(network.ipv4.prefix)) }),
    ...(quarantineSeconds !== undefined && {
      quarantineSeconds: parseWholeNumber("quarantineSeconds", quarantineSeconds, 0, quarantineMost),
    }),
  }
  return isDeepStrictEqual(changed, network) ? network : changed
}

interface Side<Address extends string> {
  readonly prefix: Prefix64 | Ipv4Prefix
  readonly ranges: readonly AddressRange<Address>[]
  readonly exclusions: readonly AddressRange<Address>[]
}

function changeSide<Address extends string, S extends Side<Address>>(
  side: S,
  change: z.output<ReturnType<typeof rangeShape>>,
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
  return invalid(family, value, `network ${network.id} has no ${name}`, "leave it out, or choose another network")
}

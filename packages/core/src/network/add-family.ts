import { isDeepStrictEqual } from "node:util"
import { Slash64Error, quote } from "../errors.ts"
import type { NetworkChange } from "./plan-network-change.ts"
import { planIpv4Side } from "./plan-ipv4-side.ts"
import { planIpv6Side } from "./plan-ipv6-side.ts"
import type { Ipv4Side, Ipv6Side, SharedNetwork } from "./records.ts"

/** What changes of a family that the network has; all else describes a family as a whole. */
const rangeFields = new Set(["addRanges", "exclude", "unexclude"])

/** Whether the change of a family describes the family, as where a network is made. */
export function describesFamily(change: object | undefined): change is object {
  return Object.entries(change ?? {}).some(([field, value]) => value !== undefined && !rangeFields.has(field))
}

/** Whether a change may give the network a family that it has not. */
export function addsFamily({ ipv6, ipv4 }: NetworkChange): boolean {
  return describesFamily(ipv6) || describesFamily(ipv4)
}

/**
 * The IPv6 side that a network is to have, by the rules of a new network; its own where that is the same. Pure. Throws
 * INVALID_ARGUMENT, or ALREADY_EXISTS where the network has another.
 */
export function addIpv6Side({ id, ipv6 }: SharedNetwork, asked: object): Ipv6Side {
  return sameSide("ipv6", id, ipv6, planIpv6Side(asked))
}

/** The same for IPv4; `ownGateway` as in {@link planIpv4Side}. */
export function addIpv4Side({ id, ipv4 }: SharedNetwork, asked: object, ownGateway: boolean): Ipv4Side {
  return sameSide("ipv4", id, ipv4, planIpv4Side(asked, ownGateway))
}

function sameSide<Side extends object>(family: string, id: string, stored: Side | undefined, asked: Side): Side {
  if (stored === undefined) return asked
  const [was, now] = [new Map(Object.entries(stored)), new Map(Object.entries(asked))]
  const field = [...now.keys(), ...was.keys()].find((key) => !isDeepStrictEqual(was.get(key), now.get(key)))
  if (field === undefined) return stored
  const value = quote(now.get(field))
  throw new Slash64Error(
    "ALREADY_EXISTS",
    `${family}.${field} ${value}: network ${id} is there with ${quote(was.get(field))}`,
    {
      field: `${family}.${field}`,
      value,
      hint: "its NICs have addresses of what is there: change its ranges, or make another network",
    },
  )
}

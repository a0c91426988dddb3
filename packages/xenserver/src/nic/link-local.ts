import { isIPv6 } from "node:net"
import {
  type Ipv6Address,
  ipv6Kind,
  ipv6ToBigInt,
  linkLocalAddress,
  parseIpv6Address,
  parseNicMac,
} from "@slash64/core"
import { type GuestNetworks, addressesOf } from "./guest-addresses.ts"
import type { Vif } from "./read-vifs.ts"

/** The link-local addresses that a guest uses on a NIC besides the one of its MAC. */
export interface LinkLocals {
  /** The one that the port may let out too; undefined: none. */
  readonly own: Ipv6Address | undefined
  /** Seen, and not let out. */
  readonly refused: readonly Ipv6Address[]
}

/**
 * A guest whose link-local address is not made of its MAC (NetworkManager and dhcpcd make a random one, RFC 7217) gets
 * it into the list of its locked port: the one that was seen on this VIF, and once seen it stays until another is. What
 * could be somebody else's stays out: the address of another VIF of the network, one made of any other MAC, and a short
 * one such as fe80::1, which are those of routers. docs/decisions/link-local-of-guests.md.
 */
export function planLinkLocal(vif: Vif, networks: GuestNetworks | undefined, vifs: readonly Vif[]): LinkLocals {
  const ofMac = linkLocalAddress(parseNicMac("nic.mac", vif.MAC))
  const seen = networks === undefined ? [] : addressesOf(networks, vif.device).flatMap(toLinkLocal)
  const others = vifs.filter((one) => one.network === vif.network && one.ref !== vif.ref)
  const taken = new Set(others.flatMap((one) => one.ipv6_allowed.flatMap(toLinkLocal)))
  const foreign = seen.filter((address) => address !== ofMac)
  const fit = foreign.filter((address) => isRandom(address) && !taken.has(address))
  const before = vif.linkLocal === undefined ? undefined : toLinkLocal(vif.linkLocal)[0]
  const own = before !== undefined && (fit.length === 0 || fit.includes(before)) ? before : fit[0]
  return { own, refused: foreign.filter((address) => address !== own) }
}

function toLinkLocal(address: string): readonly Ipv6Address[] {
  if (!isIPv6(address) || address.includes("%")) return []
  const parsed = parseIpv6Address("address", address)
  return ipv6Kind(parsed) === "link-local" ? [parsed] : []
}

/** An interface identifier as RFC 7217 makes it: none of EUI-64, and no number that a person gave. */
function isRandom(address: Ipv6Address): boolean {
  const value = ipv6ToBigInt(address)
  const inFe80 = value >> 64n === 0xfe80n << 48n
  const ofSomeMac = ((value >> 24n) & 0xffffn) === 0xfffen
  const high = (value >> 32n) & 0xffffffffn
  return inFe80 && !ofSomeMac && high !== 0n
}

import { isIPv4 } from "node:net"
import {
  type Ipv6Address,
  type NicSpec,
  linkLocalAddress,
  parseIpv4Address,
  parseIpv6Address,
  parseNicMac,
} from "@slash64/core"
import { z } from "zod"
import type { Xapi } from "../xapi/xapi.ts"
import { type Vif, linkLocalKey } from "./read-vifs.ts"

/** What XAPI lets a port send. */
export interface PortRules {
  readonly locking_mode: "locked" | "unlocked"
  readonly ipv4_allowed: readonly string[]
  readonly ipv6_allowed: readonly string[]
}

/**
 * A locked port needs its link-local address in the list too: without it no neighbour discovery gets out. `linkLocal` is
 * the one that its guest uses in the place of that of its MAC.
 */
export function planRules(nic: NicSpec, linkLocal?: Ipv6Address): PortRules {
  if (!nic.portSecurity) return { locking_mode: "unlocked", ipv4_allowed: [], ipv6_allowed: [] }
  const mac = parseNicMac("nic.mac", nic.mac)
  const ipv6 = nic.addresses.filter((address) => !isIPv4(address))
  return {
    locking_mode: "locked",
    ipv4_allowed: nic.addresses
      .filter((address) => isIPv4(address))
      .map((one) => parseIpv4Address("nic.addresses", one)),
    ipv6_allowed: [
      ...ipv6.map((one) => parseIpv6Address("nic.addresses", one)),
      linkLocalAddress(mac),
      ...(linkLocal === undefined ? [] : [linkLocal]),
    ],
  }
}

/** Brings a VIF that is there up to date; XAPI keeps addresses as they were typed, so they are compared as values. */
export async function updateRules(xapi: Xapi, vif: Vif, rules: PortRules, signal: AbortSignal): Promise<void> {
  const set = (field: keyof PortRules): Promise<unknown> =>
    xapi.change(z.literal(""), signal, `VIF.set_${field}`, vif.ref, rules[field])
  const isLocked = rules.locking_mode === "locked"
  if (!sameAddresses(vif.ipv6_allowed, rules.ipv6_allowed) && isLocked) await set("ipv6_allowed")
  if (!sameAddresses(vif.ipv4_allowed, rules.ipv4_allowed) && isLocked) await set("ipv4_allowed")
  if (vif.locking_mode !== rules.locking_mode) await set("locking_mode")
}

/** Lets the link-local address of a guest out of its locked port, in the place of the one that it had before. */
export async function letOut(xapi: Xapi, vif: Vif, linkLocal: Ipv6Address, signal: AbortSignal): Promise<void> {
  await noteLinkLocal(xapi, vif, linkLocal, signal)
  const kept = vif.ipv6_allowed.filter((one) => vif.linkLocal === undefined || valueOf(one) !== vif.linkLocal)
  const wanted = allows({ ipv6_allowed: kept }, linkLocal) ? kept : [...kept, linkLocal]
  if (sameAddresses(vif.ipv6_allowed, wanted)) return
  await xapi.change(z.literal(""), signal, "VIF.set_ipv6_allowed", vif.ref, wanted)
}

/** On the VIF, before its rules are changed: a repeat of its attachment keeps the address, seen or not. */
export async function noteLinkLocal(xapi: Xapi, vif: Vif, linkLocal: Ipv6Address, signal: AbortSignal): Promise<void> {
  if (vif.linkLocal === linkLocal) return
  const nothing = z.literal("")
  if (vif.linkLocal !== undefined) {
    await xapi.change(nothing, signal, "VIF.remove_from_other_config", vif.ref, linkLocalKey)
  }
  await xapi.change(nothing, signal, "VIF.add_to_other_config", vif.ref, linkLocalKey, linkLocal)
}

export function allows({ ipv6_allowed }: Pick<Vif, "ipv6_allowed">, address: Ipv6Address): boolean {
  return ipv6_allowed.some((one) => valueOf(one) === address)
}

function sameAddresses(has: readonly string[], wanted: readonly string[]): boolean {
  return valuesOf(has) === valuesOf(wanted)
}

function valuesOf(list: readonly string[]): string {
  return list.map(valueOf).toSorted().join()
}

/** Somebody else's spelling is no address that we know, so it differs. */
function valueOf(text: string): string {
  try {
    return isIPv4(text) ? text : parseIpv6Address("address", text)
  } catch {
    return text
  }
}

import { isIPv4 } from "node:net"
import { type NicSpec, linkLocalAddress, parseIpv4Address, parseIpv6Address, parseNicMac } from "@slash64/core"
import { z } from "zod"
import type { Xapi } from "../xapi/xapi.ts"
import type { Vif } from "./read-vifs.ts"

/** What XAPI lets a port send. */
export interface PortRules {
  readonly locking_mode: "locked" | "unlocked"
  readonly ipv4_allowed: readonly string[]
  readonly ipv6_allowed: readonly string[]
}

/** A locked port needs its link-local address in the list too: without it no neighbour discovery gets out. */
export function planRules(nic: NicSpec): PortRules {
  if (!nic.portSecurity) return { locking_mode: "unlocked", ipv4_allowed: [], ipv6_allowed: [] }
  const mac = parseNicMac("nic.mac", nic.mac)
  const ipv6 = nic.addresses.filter((address) => !isIPv4(address))
  return {
    locking_mode: "locked",
    ipv4_allowed: nic.addresses
      .filter((address) => isIPv4(address))
      .map((one) => parseIpv4Address("nic.addresses", one)),
    ipv6_allowed: [...ipv6.map((one) => parseIpv6Address("nic.addresses", one)), linkLocalAddress(mac)],
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

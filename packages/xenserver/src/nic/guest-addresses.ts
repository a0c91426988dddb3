import { isIPv4, isIPv6 } from "node:net"
import { parseIpv6Address } from "@slash64/core"
import { z } from "zod"
import { isNative } from "../errors/translate-xapi.ts"
import { readRecords } from "../xapi/read-records.ts"
import { type Xapi, nullRef } from "../xapi/xapi.ts"

/**
 * What the agents in a VM's guest tell of its NICs: `0/ip`, `0/ipv4/0`, `0/ipv6/0`, by the device number of the VIF
 * (xapi's VM_guest_metrics.networks). It comes by xenstore, whatever a locked port drops; the guest writes it, so it is
 * observed, and no authority.
 */
export type GuestNetworks = Readonly<Record<string, string>>

const networksShape = z.record(z.string(), z.string())
const metricsShape = z.object({ networks: networksShape })

/** Undefined: nothing in the guest tells. */
export async function readGuestNetworks(
  xapi: Xapi,
  vmRef: string,
  signal: AbortSignal,
): Promise<GuestNetworks | undefined> {
  try {
    const metrics = await xapi.read(z.string(), signal, "VM.get_guest_metrics", vmRef)
    if (metrics === nullRef) return undefined
    return await xapi.read(networksShape, signal, "VM_guest_metrics.get_networks", metrics)
  } catch (error) {
    // The VM was stopped or removed meanwhile.
    if (isNative(error, "HANDLE_INVALID")) return undefined
    throw error
  }
}

/** Those of all guests that tell, by the reference of the metrics. */
export async function readAllGuestNetworks(
  xapi: Xapi,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, GuestNetworks>> {
  const all = await readRecords(xapi, "VM_guest_metrics", metricsShape, signal)
  return new Map(all.map(({ ref, networks }) => [ref, networks]))
}

/** The addresses of one VIF, each once, IPv6 as in RFC 5952; what is no address is left out. */
export function addressesOf(networks: GuestNetworks, device: string): readonly string[] {
  const prefix = `${device}/`
  const own = Object.entries(networks).filter(
    ([key]) => key.startsWith(prefix) && /^(ip|ipv[46]\/\d+)$/.test(key.slice(prefix.length)),
  )
  const addresses = own.flatMap(([, address]) => {
    if (isIPv4(address)) return [address]
    return isIPv6(address) && !address.includes("%") ? [parseIpv6Address("address", address)] : []
  })
  return [...new Set(addresses)]
}

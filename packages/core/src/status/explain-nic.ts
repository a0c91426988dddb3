import { parseIpv6Address } from "../address/ipv6-address.ts"
import { isSlash64Error } from "../errors.ts"
import type { Nic } from "../network/records.ts"
import type { HostNic } from "../plugin/hypervisor-plugin.ts"
import type { RouterLease } from "../router/router-control.ts"

/** What is known of a NIC beside its record. Absent: nobody could say. */
export interface SeenNic {
  readonly port: HostNic | undefined
  /** What the hypervisor or the guest agent sees. */
  readonly observed: readonly string[] | undefined
  /** The router's leases of the NIC's addresses. */
  readonly leases: readonly RouterLease[] | undefined
}

/** Why what the guest has is not what its NIC was given, a line each; empty where it is the same. Pure. */
export function explainNic(nic: Nic, { port, observed, leases }: SeenNic): readonly string[] {
  if (port === undefined) return [`the host has no such NIC: repeat its nic attach, or slash64 nic detach ${nic.id}`]
  if (!port.live) return ["the VM does not run: the guest has its addresses when it starts"]
  const assigned = [nic.ipv6, nic.ipv4].filter((address) => address !== undefined)
  const leased = (address: string) => leases?.some((lease) => lease.address === address)
  if (observed === undefined) {
    const silent = "what the guest has is not known: no guest agent answers"
    const unasked = assigned.filter((address) => leased(address) === false).map(neverAsked)
    return [unasked.length === 0 ? silent : `${silent}; ${unasked.join("; ")}`]
  }
  const seen = observed.map(canonical)
  const missing = assigned.filter((address) => !seen.includes(address))
  const strange = seen.filter((address) => !assigned.some((one) => one === address) && !isLinkLocal(address))
  return [
    ...missing.map((address) =>
      leased(address) === true
        ? `${address} is leased, and the guest does not show it: its client gave it up, or has not set it`
        : leased(address) === false
          ? neverAsked(address)
          : `the guest does not show ${address}, and the router does not say whether it asked`,
    ),
    ...strange.map(
      (address) =>
        `${address} is not this NIC's: the guest made it (an RA with the A flag, or by hand), and port security drops what it sends from it`,
    ),
  ]
}

function neverAsked(address: string): string {
  const why = address.includes(":") ? "a DHCPv6 client, and an RA with the managed flag" : "a DHCP client"
  return `the guest has not asked for ${address}: it needs ${why} (slash64 guest-config)`
}

/** An agent may write an address in its own way, with a prefix length or a zone. */
function canonical(text: string): string {
  const [address = ""] = text.split(/[/%]/)
  try {
    return address.includes(":") ? parseIpv6Address("address", address) : address
  } catch (error) {
    if (isSlash64Error(error)) return address
    throw error
  }
}

function isLinkLocal(address: string): boolean {
  return /^(fe[89ab][\da-f]:|169\.254\.|127\.|::1$)/i.test(address)
}

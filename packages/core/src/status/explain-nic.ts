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

/** What is to be said of a NIC, for a person. */
export interface NicRemark {
  /** Something has to be done about it. Not so: a VM that does not run, a guest that nobody can ask. */
  readonly isWrong: boolean
  readonly text: string
}

/** An address that a guest shows, in its canonical form, and what it is to the NIC. */
export interface ObservedAddress {
  readonly address: string
  readonly kind: "assigned" | "link-local" | "strange"
}

/** Why what the guest has is not what its NIC was given; empty where it is the same. Pure. */
export function explainNic(nic: Nic, { port, observed, leases }: SeenNic): readonly NicRemark[] {
  if (port === undefined)
    return [wrong(`the host has no such NIC: repeat its nic attach, or slash64 nic detach ${nic.id}`)]
  if (!port.live) return [{ isWrong: false, text: "the VM does not run: the guest has its addresses when it starts" }]
  const assigned = assignedTo(nic)
  const leased = (address: string) => leases?.some((lease) => lease.address === address)
  if (observed === undefined) {
    const silent = "what the guest has is not known: no guest agent answers"
    const unasked = assigned.filter((address) => leased(address) === false).map(neverAsked)
    return [unasked.length === 0 ? { isWrong: false, text: silent } : wrong(`${silent}; ${unasked.join("; ")}`)]
  }
  const seen = compareObserved(nic, observed)
  const missing = assigned.filter((address) => !seen.some((one) => one.address === address))
  const strange = seen.filter(({ kind }) => kind === "strange")
  return [
    ...missing.map((address) =>
      leased(address) === true
        ? wrong(`${address} is leased, and the guest does not show it: its client gave it up, or has not set it`)
        : leased(address) === false
          ? wrong(neverAsked(address))
          : wrong(`the guest does not show ${address}, and the router does not say whether it asked`),
    ),
    ...strange.map(({ address }) =>
      wrong(
        `${address} is not this NIC's: the guest made it (an RA with the A flag, or by hand); port security, where it is on, drops what it sends from it`,
      ),
    ),
  ]
}

/** What each address that a guest shows is to its NIC. Pure. */
export function compareObserved(nic: Nic, observed: readonly string[]): readonly ObservedAddress[] {
  const assigned = assignedTo(nic)
  return observed.map(canonical).map((address) => ({
    address,
    kind: assigned.includes(address) ? "assigned" : isLinkLocal(address) ? "link-local" : "strange",
  }))
}

function assignedTo({ ipv6, ipv4 }: Nic): readonly string[] {
  return [ipv6, ipv4].filter((address) => address !== undefined)
}

function wrong(text: string): NicRemark {
  return { isWrong: true, text }
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

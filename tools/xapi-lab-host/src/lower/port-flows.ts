import { isIPv4, isIPv6 } from "node:net"
import type { PortRules } from "./lower-half.ts"

/** What a port's rules are made of beside the rules themselves. */
export interface FlowPort {
  /** Its number on the bridge. */
  readonly number: number
  readonly mac: string
  readonly rules: PortRules
}

/**
 * The OpenFlow rules of a port, as lines of `ovs-ofctl --bundle add-flows`: the old ones go and the new ones come at
 * once. Only what the VM sends is limited. What a locked port lets pass is what XenServer's does: from its own
 * addresses all TCP, UDP and ICMPv6 but what only a router may say, and neighbour discovery for its own addresses alone.
 */
export function renderPortFlows({ number, mac, rules }: FlowPort): readonly string[] {
  const lines = [`delete in_port=${number}`]
  const add = (priority: number, match: string, actions: "normal" | "drop"): void => {
    lines.push(`add in_port=${number},priority=${priority}${match && `,${match}`},actions=${actions}`)
  }
  if (rules.mode === "unlocked") return lines
  add(4000, "", "drop")
  if (rules.mode === "disabled") return lines
  const from = `dl_src=${mac}`
  add(7000, `udp,${from},tp_src=68,tp_dst=67`, "normal")
  for (const address of rules.ipv4.filter((one) => isMatch(one, isIPv4))) {
    add(7000, `arp,${from},arp_sha=${mac},arp_spa=${address}`, "normal")
    add(6000, `ip,${from},nw_src=${address}`, "normal")
  }
  const ipv6 = rules.ipv6.filter((one) => isMatch(one, isIPv6))
  for (const address of ipv6) {
    const sends = `${from},ipv6_src=${address}`
    // A solicitation or advertisement may leave its link-layer option out (RFC 4861 sections 4.3 and 4.4).
    for (const option of [mac, "00:00:00:00:00:00"]) {
      add(7000, `icmp6,${sends},icmp_type=135,icmp_code=0,nd_sll=${option}`, "normal")
      for (const target of ipv6) {
        add(7000, `icmp6,${sends},icmp_type=136,icmp_code=0,nd_target=${target},nd_tll=${option}`, "normal")
      }
    }
    for (const protocol of ["tcp6", "udp6", "icmp6"]) add(5000, `${protocol},${sends}`, "normal")
  }
  // Router Advertisement, neighbour discovery from or for others, redirect.
  for (const type of [134, 135, 136, 137]) add(6000, `icmp6,icmp_type=${type}`, "drop")
  return lines
}

/** What a client stored is text: only an address, or one with a length behind it, may reach the switch. */
function isMatch(text: string, isAddress: (address: string) => boolean): boolean {
  const [address = "", length, ...rest] = text.split("/")
  return (
    isAddress(address) &&
    !address.includes("%") &&
    rest.length === 0 &&
    (length === undefined || /^\d{1,3}$/.test(length))
  )
}

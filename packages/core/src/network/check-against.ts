import { ipv4PrefixBounds } from "../address/ipv4.ts"
import type { Ipv4Prefix } from "../address/ipv4.ts"
import { Slash64Error, quote } from "../errors.ts"
import type { NetworkAttachment } from "../plugin/hypervisor-plugin.ts"
import type { SharedNetwork } from "./records.ts"

/**
 * Refuses a network that cannot be beside those that exist: its id, name, segment or prefix is another's. A network
 * with its own id is passed over. Pure. Throws ALREADY_EXISTS that names the field and the other network.
 */
export function checkAgainst(network: SharedNetwork, existing: readonly SharedNetwork[]): void {
  for (const other of existing) if (other.id !== network.id) checkPair(network, other)
}

/**
 * The segment that a network is on, as text: two networks on one segment would have two DHCP servers. Undefined for
 * a bridge of its own.
 */
export function segmentOf(attachment: NetworkAttachment): string | undefined {
  switch (attachment.kind) {
    case "isolated":
      return undefined
    case "bridge":
      return `bridge ${attachment.bridge}`
    case "vlan":
      return `VLAN ${attachment.vlan} on ${attachment.uplink}`
    case "openvswitch":
      return `${attachment.vlan === undefined ? "no tag" : `tag ${attachment.vlan}`} on Open vSwitch ${attachment.bridge}`
  }
}

function checkPair(network: SharedNetwork, other: SharedNetwork): void {
  if (network.name === other.name) throw taken("name", network.name, other, "is the name of", "choose another name")
  if (network.name === other.id) throw taken("name", network.name, other, "is the id of", "choose another name")
  if (network.id === other.name) throw taken("id", network.id, other, "is the name of", "choose another id")
  const segment = segmentOf(network.attachment)
  if (segment !== undefined && segment === segmentOf(other.attachment))
    throw taken("attachment", segment, other, "already carries", "choose another VLAN or bridge")
  if (network.ipv6 !== undefined && network.ipv6.prefix === other.ipv6?.prefix)
    throw taken("ipv6.prefix", network.ipv6.prefix, other, "is the prefix of", "choose another /64")
  if (network.ipv4 && other.ipv4 && overlap(network.ipv4.prefix, other.ipv4.prefix))
    throw taken("ipv4.prefix", network.ipv4.prefix, other, `overlaps ${other.ipv4.prefix} of`, "choose another prefix")
}

function taken(field: string, value: string, other: SharedNetwork, problem: string, hint: string): Slash64Error {
  const whose = other.id === other.name ? `network ${other.name}` : `network ${other.name} (${other.id})`
  return new Slash64Error("ALREADY_EXISTS", `${field} ${quote(value)}: ${problem} ${whose}`, {
    field,
    value: quote(value),
    hint,
  })
}

function overlap(a: Ipv4Prefix, b: Ipv4Prefix): boolean {
  const [one, two] = [ipv4PrefixBounds(a), ipv4PrefixBounds(b)]
  return one.first <= two.last && two.first <= one.last
}

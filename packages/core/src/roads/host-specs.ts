import type { Nic, SharedNetwork } from "../network/records.ts"
import type { NetworkSpec, NicSpec } from "../plugin/hypervisor-plugin.ts"

/** A network as a host is asked for it. */
export function toNetworkSpec({ id, attachment, mtu }: SharedNetwork): NetworkSpec {
  return { id, attachment, mtu }
}

/** A NIC as a host is asked for it. */
export function toNicSpec({ id, vmId, mac, ipv6, ipv4 }: Nic, network: SharedNetwork): NicSpec {
  const addresses = [ipv6, ipv4].filter((address) => address !== undefined)
  return { id, vmId, networkId: network.id, mac, addresses, portSecurity: network.portSecurity }
}

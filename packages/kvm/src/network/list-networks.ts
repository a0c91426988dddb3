import type { Call, HostNetwork } from "@slash64/core"
import type { HostParts } from "../libvirt/parts.ts"
import { parseXml } from "../xml/parse-xml.ts"
import { findLostPorts } from "./lost-ports.ts"
import { readNetwork } from "./network-xml.ts"

/** Down is one that is not active, and one of which a running VM has its port on no bridge. */
export async function listNetworks(parts: HostParts, { signal }: Call): Promise<readonly HostNetwork[]> {
  const listed = await parts.libvirt.networks.list(signal)
  const lost = new Set((await findLostPorts(parts, listed, signal)).flatMap(({ networkIds }) => networkIds))
  return listed.flatMap(({ document, isActive }): readonly HostNetwork[] => {
    const network = readNetwork(parseXml(document, "network"))
    if (network === undefined) return []
    const { id, attachment, mtu, bridge } = network
    return [{ id, attachment, mtu, bridge, ...(isActive && !lost.has(id) ? {} : { down: true }) }]
  })
}

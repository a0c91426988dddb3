import type { Domain, Libvirt, ListedNetwork } from "../libvirt/libvirt.ts"
import type { HostParts } from "../libvirt/parts.ts"
import { networkNames } from "../names.ts"
import { type DomainInterface, networkOf, readInterfaces } from "../nic/read-interfaces.ts"
import { controlNetworkOf } from "../router/control-network.ts"
import { readRouter } from "../router/router-xml.ts"
import { xml } from "../xml/element.ts"
import { renderNode } from "../xml/render-node.ts"
import { parseXml } from "../xml/parse-xml.ts"
import { readNetwork } from "./network-xml.ts"

/**
 * A port of a running VM of ours that is on no bridge. Libvirt takes its bridge away when a network is stopped, and
 * forgets its ports; when the network is started again the VM's device stands alone, and the VM shows the old port.
 */
export interface LostPort {
  readonly domain: Domain
  /** Libvirt's network, and its bridge: ours have one name. */
  readonly network: string
  /** The shared networks that suffer. */
  readonly networkIds: readonly string[]
  readonly interface: DomainInterface
}

/** On the bridges of ours that libvirt makes, the control bridge too; one that stands by itself keeps its ports. */
export async function findLostPorts(
  { libvirt, config }: Pick<HostParts, "libvirt" | "config">,
  listed: readonly ListedNetwork[],
  signal: AbortSignal,
): Promise<readonly LostPort[]> {
  const isolated = isolatedByName(listed)
  const control = controlNetworkOf(config).name
  const ports = (await listPorts(libvirt, signal)).flatMap(({ served, ...port }): readonly LostPort[] => {
    const network = networkOf(port.interface) ?? ""
    const networkId = isolated.get(network)
    const networkIds = networkId !== undefined ? [networkId] : network === control ? served : []
    return networkIds.length === 0 ? [] : [{ ...port, network, networkIds }]
  })
  // Asked for behind the domains: a port that is new meanwhile would pass for lost.
  const names = [...new Set(ports.map(({ network }) => network))]
  const held = new Map(
    await Promise.all(
      names.map(async (name) => [name, new Set(await libvirt.networks.portIds(name, signal))] as const),
    ),
  )
  return ports.filter(({ network, interface: { portId } }) => portId === undefined || !held.get(network)?.has(portId))
}

/** Puts ports back: by way of the bare bridge, since libvirt joins no device to the bridge that it believes it is on. */
export async function rejoinPorts(libvirt: Libvirt, lost: readonly LostPort[], signal: AbortSignal): Promise<void> {
  for (const { domain, network, interface: port } of lost) {
    const ways = [
      ["bridge", { bridge: network }],
      ["network", { network }],
    ] as const
    for (const [type, source] of ways) {
      const children = port.node.children.map((child) =>
        child.name === "source" ? xml("source", source) : renderNode(child),
      )
      const document = xml("interface", { type }, children).markup
      await libvirt.domains.updateDevice(domain.uuid, document, { live: true, config: false }, signal)
    }
  }
}

/** The ids of our isolated networks, by libvirt's names. */
function isolatedByName(listed: readonly ListedNetwork[]): ReadonlyMap<string, string> {
  const networks = listed.flatMap(({ document }) => readNetwork(parseXml(document, "network")) ?? [])
  const isolated = networks.filter(({ attachment }) => attachment.kind === "isolated")
  return new Map(isolated.map(({ id }) => [networkNames(id).network, id]))
}

/** Of NICs of ours and of routers, in all domains that run; `served` are a router's shared networks. */
async function listPorts(libvirt: Libvirt, signal: AbortSignal) {
  const running = (await libvirt.domains.list(signal)).filter((domain) => domain.running)
  const ports = running.map(async (domain) => {
    const text = await libvirt.domains.xml(domain.uuid, "live", signal)
    if (text === undefined) return []
    const document = parseXml(text, "domain")
    const router = readRouter(document)
    const served = router?.nics.map(({ networkId }) => networkId) ?? []
    return readInterfaces(document).flatMap((port) =>
      port.nicId === undefined && router === undefined ? [] : [{ domain, interface: port, served }],
    )
  })
  return (await Promise.all(ports)).flat()
}

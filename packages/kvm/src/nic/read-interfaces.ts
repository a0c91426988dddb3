import type { XmlNode } from "../xml/parse-xml.ts"
import { readNicAlias } from "./nic-alias.ts"

/** An `<interface>` of a domain, ours or not. */
export interface DomainInterface {
  /** Our id; undefined when it is not ours. */
  readonly nicId: string | undefined
  /** Lower case. */
  readonly mac: string
  readonly network: string | undefined
  /** Named by the domain, or chosen by libvirt for the running one. */
  readonly bridge: string | undefined
  /** The host's device of the port, while the domain runs. */
  readonly device: string | undefined
  /** Libvirt's id of the port on its network, while the domain runs. */
  readonly portId: string | undefined
  readonly node: XmlNode
}

/** While a port is put back on its bridge ({@link rejoinPorts}) it names that alone, which has the network's name. */
export function networkOf({ network, bridge }: DomainInterface): string | undefined {
  return network ?? bridge
}

export function readInterfaces(domain: XmlNode): readonly DomainInterface[] {
  const interfaces = domain.child("devices")?.all("interface") ?? []
  return interfaces.map((node) => ({
    nicId: readNicAlias(node.at("alias")?.attribute("name")),
    mac: (node.at("mac")?.attribute("address") ?? "").toLowerCase(),
    network: node.at("source")?.attribute("network"),
    bridge: node.at("source")?.attribute("bridge"),
    device: node.at("target")?.attribute("dev"),
    portId: node.at("source")?.attribute("portid"),
    node,
  }))
}

import { Slash64Error } from "@slash64/core"
import type { Libvirt } from "../libvirt/libvirt.ts"
import { networkNames } from "../names.ts"
import { parseXml } from "../xml/parse-xml.ts"
import { type MarkedNetwork, readNetwork } from "./network-xml.ts"

/**
 * The network of this id on the host; undefined when there is none. ALREADY_EXISTS when a network that is not ours
 * has its name.
 */
export async function findNetwork(libvirt: Libvirt, networkId: string, signal: AbortSignal): Promise<MarkedNetwork | undefined> {
  const { network: name } = networkNames(networkId)
  const document = await libvirt.networks.find(name, signal)
  if (document === undefined) return undefined
  const network = readNetwork(parseXml(document, "network"))
  if (network?.id === networkId) return network
  throw new Slash64Error("ALREADY_EXISTS", `the host has a libvirt network ${name} that is not of slash64`, {
    field: "network.id",
    value: networkId,
    hint: `Rename or remove it on the host (virsh net-dumpxml ${name}), or give the network another id.`,
  })
}

export async function listMarkedNetworks(libvirt: Libvirt, signal: AbortSignal): Promise<readonly MarkedNetwork[]> {
  const documents = await libvirt.networks.list(signal)
  return documents.flatMap((document) => readNetwork(parseXml(document, "network")) ?? [])
}

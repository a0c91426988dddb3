import { Slash64Error, quote } from "@slash64/core"
import type { Libvirt } from "../libvirt/libvirt.ts"
import { networkNames } from "../names.ts"
import { parseXml } from "../xml/parse-xml.ts"
import { type MarkedNetwork, readNetwork } from "./network-xml.ts"

/** The network of this id on the host; a network of the same name that does not bear our mark is another one. */
export async function findNetwork(
  libvirt: Libvirt,
  networkId: string,
  signal: AbortSignal,
): Promise<MarkedNetwork | undefined> {
  const document = await libvirt.networks.find(networkNames(networkId).network, signal)
  const network = document === undefined ? undefined : readNetwork(parseXml(document, "network"))
  return network?.id === networkId ? network : undefined
}

/** ALREADY_EXISTS when a network that is not ours has the name of this one. */
export async function refuseForeignNetwork(libvirt: Libvirt, networkId: string, signal: AbortSignal): Promise<void> {
  const { network: name } = networkNames(networkId)
  if ((await libvirt.networks.find(name, signal)) === undefined) return
  throw new Slash64Error("ALREADY_EXISTS", `the host has a libvirt network ${name} that is not of slash64`, {
    field: "network.id",
    value: networkId,
    hint: `Rename or remove it on the host (virsh net-dumpxml ${name}), or give the network another id.`,
  })
}

/** The network of this id, which a NIC is to be on. NOT_FOUND without it. */
export async function requireNetwork(libvirt: Libvirt, networkId: string, signal: AbortSignal): Promise<MarkedNetwork> {
  const network = await findNetwork(libvirt, networkId, signal)
  if (network !== undefined) return network
  throw new Slash64Error("NOT_FOUND", `the network ${quote(networkId)} is not on this host`, {
    field: "networkId",
    value: quote(networkId),
    hint: "Ensure the network on the host first.",
  })
}

export async function listMarkedNetworks(libvirt: Libvirt, signal: AbortSignal): Promise<readonly MarkedNetwork[]> {
  const listed = await libvirt.networks.list(signal)
  return listed.flatMap(({ document }) => readNetwork(parseXml(document, "network")) ?? [])
}

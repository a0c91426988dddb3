import { type Call, Slash64Error } from "@slash64/core"
import { readInterfaces } from "../nic/read-interfaces.ts"
import type { HostParts } from "../libvirt/parts.ts"
import { networkNames } from "../names.ts"
import { listDomainDocuments } from "../vm/domain-documents.ts"
import { findNetwork } from "./find-network.ts"
import type { MarkedNetwork } from "./network-xml.ts"
import { isVlanNetwork, removeVlanBridge } from "./vlan-bridge.ts"

/** Removes the network from the host, and the bridge when we made it. The libvirt network goes last. */
export async function removeNetwork(parts: HostParts, networkId: string, call: Call): Promise<void> {
  const { signal } = call
  const network = await findNetwork(parts.libvirt, networkId, signal)
  if (network === undefined) return
  const { network: name } = networkNames(networkId)
  await refuseWhileUsed(parts, network, name, signal)
  await parts.libvirt.networks.stop(name, signal)
  if (isVlanNetwork(network)) await removeVlanBridge(parts.shell, network, signal)
  await parts.libvirt.networks.undefine(name, signal)
}

async function refuseWhileUsed(
  parts: HostParts,
  network: MarkedNetwork,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  const ownBridge = network.attachment.kind === "isolated" || network.attachment.kind === "vlan"
  for (const { domain, live, config } of await listDomainDocuments(parts.libvirt, signal)) {
    const interfaces = [live, config].flatMap((document) => (document === undefined ? [] : readInterfaces(document)))
    const used = interfaces.some((nic) => nic.network === name || (ownBridge && nic.bridge === name))
    if (used) throw inUse(network, `the VM ${domain.name} has a NIC on it`)
  }
  if (network.attachment.kind !== "isolated") return
  const ports = await parts.shell.run(["ls", `/sys/class/net/${name}/brif`], { signal })
  const [port] = ports.code === 0 ? ports.stdout.split("\n").filter((line) => line !== "") : []
  if (port !== undefined) throw inUse(network, `${port} is on its bridge ${name}`)
}

function inUse(network: MarkedNetwork, problem: string): Slash64Error {
  return new Slash64Error("FAILED_PRECONDITION", `the network ${network.id} is in use on this host: ${problem}`, {
    field: "network.id",
    value: network.id,
    hint: "Detach its NICs and remove its router first.",
  })
}

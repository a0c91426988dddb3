import {
  type Call,
  type HostNetwork,
  type NetworkSpec,
  Slash64Error,
  checkAborted,
  checkNetworkSpec,
  isSlash64Error,
  quote,
} from "@slash64/core"
import type { HostParts } from "../libvirt/parts.ts"
import { networkNames } from "../names.ts"
import { makeDnsmasqDirectory } from "./dnsmasq-directory.ts"
import { findNetwork, listMarkedNetworks, refuseForeignNetwork } from "./find-network.ts"
import { checkBridge, checkOpenVswitch, checkUplink } from "./host-bridge.ts"
import { type MarkedNetwork, describeAttachment, networkXml, sameNetwork } from "./network-xml.ts"
import { isVlanNetwork, makeVlanBridge, removeVlanBridge } from "./vlan-bridge.ts"

/** Makes the network usable on this host; the libvirt network comes first, so that what is half-made can be listed. */
export async function ensureNetwork(parts: HostParts, network: NetworkSpec, call: Call): Promise<HostNetwork> {
  const { signal } = call
  checkAborted(signal)
  if (network.attachment.kind === "vlan") await refuseWithoutVlan(parts, signal)
  checkNetworkSpec(network)
  const found = await findNetwork(parts.libvirt, network.id, signal)
  if (found === undefined) await refuseForeignNetwork(parts.libvirt, network.id, signal)
  else if (!sameNetwork(found, network)) throw otherSpec(found, network)
  if (isVlanNetwork(network)) await refuseSecondOnVlan(parts, network, signal)
  const { offloadsOff } = await checkGround(parts, network, signal)
  const { networks } = parts.libvirt
  const name = networkNames(network.id).network
  if (found === undefined && network.attachment.kind === "isolated") await makeDnsmasqDirectory(parts.libvirt, signal)
  if (found === undefined) await networks.define(networkXml(network, offloadsOff).markup, signal)
  try {
    if (isVlanNetwork(network)) await makeVlanBridge(parts.shell, network, signal)
    await networks.setAutostart(name, signal)
    await networks.start(name, signal)
  } catch (error) {
    // Without an answer it may be active by now, and one that is active and undefined would be transient.
    const isRefused = isSlash64Error(error) && error.code !== "UNAVAILABLE" && !signal.aborted
    if (found === undefined && isRefused) await undo(parts, network, name)
    throw error
  }
  return { id: network.id, attachment: network.attachment, mtu: network.mtu, bridge: bridgeOf(network) }
}

/** Takes away what a refused network has left; the refusal is what the caller is told. */
async function undo(parts: HostParts, network: NetworkSpec, name: string): Promise<void> {
  const signal = AbortSignal.timeout(10_000)
  try {
    if (isVlanNetwork(network)) await removeVlanBridge(parts.shell, network, signal)
    await parts.libvirt.networks.undefine(name, signal)
  } catch {
    // Still listed, so it can be removed.
  }
}

export function bridgeOf(network: NetworkSpec): string {
  const { attachment } = network
  return "bridge" in attachment ? attachment.bridge : networkNames(network.id).network
}

/** What the network stands on is there. */
async function checkGround(
  parts: HostParts,
  network: NetworkSpec,
  signal: AbortSignal,
): Promise<{ offloadsOff: boolean }> {
  const { attachment, mtu } = network
  switch (attachment.kind) {
    case "isolated":
      return { offloadsOff: false }
    case "bridge":
      await checkBridge(parts.shell, attachment.bridge, mtu, signal)
      return { offloadsOff: false }
    case "vlan":
      await checkUplink(parts.shell, attachment.uplink, mtu, signal)
      return { offloadsOff: false }
    case "openvswitch": {
      const { userspace } = await checkOpenVswitch(parts.shell, attachment.bridge, signal)
      return { offloadsOff: userspace }
    }
  }
}

async function refuseWithoutVlan(parts: HostParts, signal: AbortSignal): Promise<void> {
  const probe = ["sh", "-c", "[ -e /proc/net/vlan ] || modprobe --dry-run --quiet 8021q"]
  if ((await parts.shell.run(probe, { signal })).code === 0) return
  throw new Slash64Error("UNIMPLEMENTED", "the host's kernel has no 802.1Q: no network on a VLAN can be made", {
    field: "network.attachment",
    value: "vlan",
    hint: "Use a kernel that has the module 8021q, or the kind bridge with a bridge that carries the VLAN.",
  })
}

async function refuseSecondOnVlan(parts: HostParts, network: NetworkSpec, signal: AbortSignal): Promise<void> {
  const wanted = describeAttachment(network.attachment)
  const others = await listMarkedNetworks(parts.libvirt, signal)
  const other = others.find(({ id, attachment }) => id !== network.id && describeAttachment(attachment) === wanted)
  if (other === undefined) return
  throw new Slash64Error("ALREADY_EXISTS", `${wanted} is the network ${quote(other.id)} already`, {
    field: "network.attachment",
    value: wanted,
    hint: "Use that network, or another VLAN.",
  })
}

function otherSpec(found: MarkedNetwork, wanted: NetworkSpec): Slash64Error {
  const has = `${describeAttachment(found.attachment)}, MTU ${found.mtu}`
  return new Slash64Error(
    "ALREADY_EXISTS",
    `the network ${quote(wanted.id)} is on this host with another spec: ${has}`,
    {
      field: "network",
      value: `${describeAttachment(wanted.attachment)}, MTU ${wanted.mtu}`,
      hint: "Give the same spec, or remove the network from the host first.",
    },
  )
}

import type { HostParts } from "../libvirt/parts.ts"
import { controlNetworkOf, ensureControlNetwork } from "../router/control-network.ts"
import { findLostPorts, rejoinPorts } from "./lost-ports.ts"

/** The ports of the network's running VMs, and the control port of its router, are on their bridges. */
export async function mendPorts(parts: HostParts, networkId: string, signal: AbortSignal): Promise<void> {
  const { libvirt } = parts
  const find = async () => {
    const lost = await findLostPorts(parts, await libvirt.networks.list(signal), signal)
    return lost.filter(({ networkIds }) => networkIds.includes(networkId))
  }
  const lost = await find()
  const control = controlNetworkOf(parts.config).name
  if (lost.some(({ network }) => network === control)) await ensureControlNetwork(parts, signal)
  try {
    await rejoinPorts(libvirt, lost, signal)
  } catch (error) {
    // A VM that stopped meanwhile has no port.
    if (signal.aborted || (await find()).length > 0) throw error
  }
}

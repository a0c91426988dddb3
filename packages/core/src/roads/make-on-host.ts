import type { SharedNetwork } from "../network/records.ts"
import type { Call } from "../plugin/call.ts"
import type { HypervisorHost } from "../plugin/hypervisor-plugin.ts"
import { toNetworkSpec } from "./host-specs.ts"
import { beginStep, repeat } from "./repeat.ts"
import type { RoadRooms } from "./road.ts"

/** A network on a host, of the name that it was added under. Noted first: nobody removes what nobody knows of. */
export async function makeOnHost(
  network: SharedNetwork,
  name: string,
  host: HypervisorHost,
  rooms: RoadRooms,
  call: Call,
): Promise<void> {
  beginStep(call, "making the network on the host")
  await rooms.store.noteNetworkOnHost(network.id, name)
  await repeat(rooms, call, () => host.ensureNetwork(toNetworkSpec(network), call))
}

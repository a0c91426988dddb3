import { Slash64Error } from "../errors.ts"
import type { SharedNetwork } from "../network/records.ts"
import { takeRouterAway } from "./remove-router.ts"
import { beginStep, repeat } from "./repeat.ts"
import { road } from "./road.ts"
import type { RoadRooms } from "./road.ts"

/** What was removed; `network` is absent when there was none. */
export interface RemovedNetwork {
  readonly network?: SharedNetwork
}

/**
 * Takes a network away: its router, what stands of it on the hosts that it was ever made on, then its record. Where one
 * of these does not answer: UNAVAILABLE, and the record stays. FAILED_PRECONDITION while a NIC stands on it.
 * Repeated, or absent: success.
 */
export const removeNetwork = road(
  "remove-network",
  async (networkIdOrName: string, rooms, call): Promise<RemovedNetwork> => {
    const network = await rooms.store.findNetwork(networkIdOrName)
    if (network === undefined) return {}
    await checkUnused(network, rooms)

    await takeRouterAway({ network: network.id }, rooms, call)
    for (const name of await rooms.store.listHostsOfNetwork(network.id)) {
      beginStep(call, `removing the network from host ${name}`)
      const host = await repeat(rooms, call, () => rooms.hosts.open(name, call))
      await repeat(rooms, call, () => host.removeNetwork(network.id, call))
    }
    beginStep(call, "forgetting the network")
    await rooms.store.removeNetwork(network.id)
    rooms.tell({ kind: "network-removed", networkId: network.id, name: network.name })
    return { network }
  },
)

async function checkUnused(network: SharedNetwork, rooms: RoadRooms): Promise<void> {
  const nics = await rooms.store.listNics({ networkId: network.id, limit: 1 })
  const [first] = nics
  if (first === undefined) return
  throw new Slash64Error("FAILED_PRECONDITION", `network ${network.name} has NICs, such as ${first.id}`, {
    field: "network",
    value: network.name,
    hint: `Detach them first: slash64 nic detach ${first.id}.`,
  })
}

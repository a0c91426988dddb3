import type { SharedNetwork } from "../network/records.ts"
import { planNetwork } from "../network/plan-network.ts"
import { beginStep } from "./repeat.ts"
import { road } from "./road.ts"

/**
 * Makes a shared network in the store; hosts learn of it when something is put on it. Repeated: the same network.
 * The same id or name with other content is ALREADY_EXISTS.
 */
export const createNetwork = road("create-network", async (request: unknown, rooms, call): Promise<SharedNetwork> => {
  const planned = planNetwork(request)
  beginStep(call, "recording the network")
  const network = await rooms.store.createNetwork(planned)
  rooms.tell({ kind: "network-created", networkId: network.id, name: network.name })
  return network
})

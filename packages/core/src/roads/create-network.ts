import type { SharedNetwork } from "../network/records.ts"
import { planNetwork } from "../network/plan-network.ts"
import type { Call } from "../plugin/call.ts"
import { beginStep } from "./repeat.ts"
import type { Rooms } from "./rooms.ts"

/**
 * Makes a shared network in the store; hosts learn of it when something is put on it. Repeated: the same network.
 * The same id or name with other content is ALREADY_EXISTS.
 */
export async function createNetwork(request: unknown, rooms: Rooms, call: Call): Promise<SharedNetwork> {
  const network = planNetwork(request)
  beginStep(call, "recording the network")
  return rooms.store.createNetwork(network)
}

import { planNetwork } from "../network/plan-network.ts"
import { isPooled, planPooledNetwork } from "../network/plan-pooled-network.ts"
import type { SharedNetwork } from "../network/records.ts"
import { beginStep } from "./repeat.ts"
import { road } from "./road.ts"
import type { Rooms } from "./rooms.ts"

/**
 * Makes a shared network in the store; hosts learn of it when something is put on it. With `ipv6.pool`, the id or name
 * of a pool, its /64 is taken from there: gateway, router and range are then given by their last 64 bits (`::1`), and
 * `ipv6.prefix` may ask for one /64. Repeated: the same network. The same id or name with other content, or a prefix
 * of a pool that was not named, is ALREADY_EXISTS.
 */
export const createNetwork = road("create-network", async (request: unknown, rooms, call): Promise<SharedNetwork> => {
  const record = isPooled(request) ? takeAndRecord(request, rooms) : justRecord(request, rooms)
  beginStep(call, "recording the network")
  const network = await record()
  rooms.tell({ kind: "network-created", networkId: network.id, name: network.name })
  return network
})

function takeAndRecord(request: unknown, { store }: Rooms): () => Promise<SharedNetwork> {
  const plan = planPooledNetwork(request)
  return () => store.createPooledNetwork(plan)
}

function justRecord(request: unknown, { store }: Rooms): () => Promise<SharedNetwork> {
  const network = planNetwork(request)
  return () => store.createNetwork(network)
}

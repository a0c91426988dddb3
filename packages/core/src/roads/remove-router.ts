import { Slash64Error } from "../errors.ts"
import type { Router, SharedNetwork } from "../network/records.ts"
import type { Call } from "../plugin/call.ts"
import { routerFact } from "./facts.ts"
import { findNetwork } from "./find-network.ts"
import { beginStep, repeat } from "./repeat.ts"
import { parseRemoveRouter } from "./road-requests.ts"
import type { RemoveRouterRequest } from "./road-requests.ts"
import { road } from "./road.ts"
import type { RoadRooms } from "./road.ts"

/** What was removed; `router` is absent when there was none. */
export interface RemovedRouter {
  readonly router?: Router
}

/**
 * Takes a network's router VM away, with its disks. FAILED_PRECONDITION while NICs stand on the network, unless
 * forced: they keep their addresses, and a router started later serves them again. Repeated, or absent: success.
 */
export const removeRouter = road("remove-router", takeRouterAway)

/** The same as a part of another road. */
export async function takeRouterAway(
  request: RemoveRouterRequest,
  rooms: RoadRooms,
  call: Call,
): Promise<RemovedRouter> {
  const asked = parseRemoveRouter(request)
  const network = await findNetwork(asked.network, rooms)
  const router = await rooms.store.findRouter(network.id)
  if (router === undefined) return {}
  if (!asked.force) await checkUnused(network, rooms)

  beginStep(call, "marking the router as leaving")
  await rooms.store.markRouter(router.id, "leaving")
  beginStep(call, "removing the router VM")
  const host = await repeat(rooms, call, () => rooms.hosts.open(router.host, call))
  await repeat(rooms, call, () => host.removeRouter(router.id, call))
  beginStep(call, "forgetting the router")
  await rooms.store.removeRouter(router.id)
  rooms.tell({ kind: "router-removed", ...routerFact(router) })
  return { router }
}

async function checkUnused(network: SharedNetwork, rooms: RoadRooms): Promise<void> {
  const [first] = await rooms.store.listNics({ networkId: network.id, limit: 1 })
  if (first === undefined) return
  throw new Slash64Error("FAILED_PRECONDITION", `the router of ${network.name} serves NICs, such as ${first.id}`, {
    field: "network",
    value: network.name,
    hint: "Detach them first; or force it: they keep their addresses, and nobody renews their leases meanwhile.",
  })
}

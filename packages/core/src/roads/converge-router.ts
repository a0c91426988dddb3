import { Slash64Error, isSlash64Error } from "../errors.ts"
import type { Call } from "../plugin/call.ts"
import type { Router, SharedNetwork } from "../network/records.ts"
import type { PushResult, RouterEndpoint, RouterStatus } from "../router/router-control.ts"
import type { LeaseHeld } from "../store/lease-store.ts"
import type { NetworkSnapshot } from "../store/store.ts"
import { routerState } from "../router/router-state.ts"
import { routerFact } from "./facts.ts"
import { findNetwork } from "./find-network.ts"
import { beginStep, repeat } from "./repeat.ts"
import { failureOf, road, startClock } from "./road.ts"
import type { RoadRooms } from "./road.ts"

/**
 * Brings a network's router to what the store holds. FAILED_PRECONDITION where no router was started, or where the
 * router refuses the files; UNAVAILABLE when it does not answer. Repeated: nothing is sent that is there.
 */
export const convergeRouter = road(
  "converge-router",
  async (networkIdOrName: string, rooms, call): Promise<PushResult> => {
    const network = await findNetwork(networkIdOrName, rooms)
    await findStartedRouter(network, rooms)
    return converge(network, rooms, call)
  },
)

/** What the router says of itself. */
export const readRouterStatus = road(
  "read-router-status",
  async (networkIdOrName: string, rooms, call): Promise<RouterStatus> => {
    const network = await findNetwork(networkIdOrName, rooms)
    const router = await findStartedRouter(network, rooms)
    beginStep(call, "asking the router")
    return repeat(rooms, call, () => rooms.routers.status(endpointOf(router, network, rooms), call))
  },
)

/**
 * For roads that have changed the store: whoever waits for the same router shares one push, and no other process pushes
 * meanwhile. Each try takes the lease and reads the store again, so what the router called stale (ABORTED) is rendered
 * anew, and each push reads the router's own manifest first, which is the look back after an unknown outcome.
 */
export function converge(network: SharedNetwork, rooms: RoadRooms, call: Call): Promise<PushResult> {
  beginStep(call, "telling the router")
  return rooms.converging.join(network.id, call, (shared) =>
    repeat(rooms, shared, () =>
      rooms.leases.hold(
        network.id,
        shared,
        async (held, bound) => {
          const snapshot = await rooms.store.readNetwork(network.id)
          if (snapshot?.router === undefined) throw notStarted(network)
          const pushed = await push(snapshot, snapshot.router, rooms, bound)
          held.served = { revision: pushed.revision, generation: pushed.generation }
          return pushed
        },
        { instead: pushedByAnother(network, rooms) },
      ),
    ),
  )
}

/** What another process has pushed since, when all that was to be pushed here is in it. */
function pushedByAnother(
  network: SharedNetwork,
  rooms: RoadRooms,
): (held: LeaseHeld) => Promise<PushResult | undefined> {
  let needed: Promise<NetworkSnapshot | undefined> | undefined
  return async ({ served }) => {
    const snapshot = await (needed ??= rooms.store.readNetwork(network.id))
    if (snapshot === undefined || served === undefined || served.revision < snapshot.revision) return undefined
    return { ...served, changedFiles: 0, sentBytes: 0 }
  }
}

async function push(snapshot: NetworkSnapshot, router: Router, rooms: RoadRooms, call: Call): Promise<PushResult> {
  const clock = startClock()
  const fact = routerFact(router)
  try {
    const endpoint = endpointOf(router, snapshot.network, rooms)
    const pushed = await rooms.routers.push(endpoint, routerState(snapshot, router), call)
    rooms.tell({ kind: "router-converged", ...fact, ...pushed, durationMs: clock() })
    return pushed
  } catch (error) {
    rooms.tell({ kind: "router-not-converged", ...fact, ...failureOf(error), durationMs: clock() })
    throw error
  }
}

/** The router that `router start` has brought to an end. FAILED_PRECONDITION where there is none. */
export async function findStartedRouter(network: SharedNetwork, rooms: RoadRooms): Promise<Router> {
  const router = await rooms.store.findRouter(network.id)
  if (router?.state === "running") return router
  throw notStarted(network)
}

/** How the router package reaches a router: through the host that it runs on. */
export function endpointOf(
  router: Pick<Router, "id" | "vmId" | "host" | "hostKey">,
  network: SharedNetwork,
  rooms: RoadRooms,
): RouterEndpoint {
  return {
    routerId: router.id,
    vmId: router.vmId,
    hostKey: router.hostKey,
    open: async (call) => {
      const host = await rooms.hosts.open(router.host, call)
      try {
        return await host.openRouterStream(router.vmId, call)
      } catch (error) {
        // The record is there and the VM is not: somebody took it away behind our back.
        if (isSlash64Error(error) && error.code === "NOT_FOUND") throw notStarted(network, error)
        throw error
      }
    },
  }
}

function notStarted(network: SharedNetwork, cause?: unknown): Slash64Error {
  return new Slash64Error("FAILED_PRECONDITION", `network ${network.name} has no router that runs`, {
    field: "network",
    value: network.name,
    hint: `Start it: slash64 router start ${network.name}. Then repeat.`,
    ...(cause === undefined ? {} : { cause }),
  })
}

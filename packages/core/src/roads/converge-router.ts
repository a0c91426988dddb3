import { Slash64Error, isSlash64Error } from "../errors.ts"
import type { Call } from "../plugin/call.ts"
import type { Router, SharedNetwork } from "../network/records.ts"
import type { PushResult, RouterEndpoint, RouterStatus } from "../router/router-control.ts"
import { routerState } from "../router/router-state.ts"
import { findNetwork } from "./find-network.ts"
import { beginStep, repeat } from "./repeat.ts"
import type { Rooms } from "./rooms.ts"

/**
 * Brings a network's router to what the store holds. FAILED_PRECONDITION where no router was started, or where the
 * router refuses the files; UNAVAILABLE when it does not answer. Repeated: nothing is sent that is there.
 */
export async function convergeRouter(networkIdOrName: string, rooms: Rooms, call: Call): Promise<PushResult> {
  const network = await findNetwork(networkIdOrName, rooms)
  await findStartedRouter(network, rooms)
  return converge(network, rooms, call)
}

/** What the router says of itself. */
export async function readRouterStatus(networkIdOrName: string, rooms: Rooms, call: Call): Promise<RouterStatus> {
  const network = await findNetwork(networkIdOrName, rooms)
  const router = await findStartedRouter(network, rooms)
  beginStep(call, "asking the router")
  return repeat(rooms, call, () => rooms.routers.status(endpointOf(router, network, rooms), call))
}

/**
 * For roads that have changed the store: whoever waits for the same router shares one push. Each try reads the
 * store again, so what the router called stale (ABORTED) is rendered anew, and each push reads the router's own
 * manifest first, which is the look back after an unknown outcome.
 */
export function converge(network: SharedNetwork, rooms: Rooms, call: Call): Promise<PushResult> {
  beginStep(call, "telling the router")
  return rooms.converging.join(network.id, call, (shared) =>
    repeat(rooms, shared, async () => {
      const snapshot = await rooms.store.readNetwork(network.id)
      if (snapshot?.router === undefined) throw notStarted(network)
      const { router } = snapshot
      const pushed = await rooms.routers.push(endpointOf(router, network, rooms), routerState(snapshot, router), shared)
      rooms.log.info({ requestId: shared.requestId, router: router.id, ...pushed }, "router converged")
      return pushed
    }),
  )
}

/** The router that `router start` has brought to an end. FAILED_PRECONDITION where there is none. */
export async function findStartedRouter(network: SharedNetwork, rooms: Rooms): Promise<Router> {
  const router = await rooms.store.findRouter(network.id)
  if (router?.state === "running") return router
  throw notStarted(network)
}

/** How the router package reaches a router: through the host that it runs on. */
export function endpointOf(router: Router, network: SharedNetwork, rooms: Rooms): RouterEndpoint {
  return {
    routerId: router.id,
    hostKey: router.hostKey,
    open: async (call) => {
      const host = await rooms.hosts.open(router.host, call)
      try {
        return await host.openRouterStream(router.id, call)
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

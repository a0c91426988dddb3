import { setTimeout as sleep } from "node:timers/promises"
import { Slash64Error, isRetryable, isSlash64Error } from "../errors.ts"
import type { Router, SharedNetwork } from "../network/records.ts"
import { abortError, withTimeout } from "../plugin/call.ts"
import type { Call } from "../plugin/call.ts"
import { routerState } from "../router/router-state.ts"
import type { RouterState } from "../router/router-state.ts"
import { endpointOf } from "./converge-router.ts"
import { routerFact } from "./facts.ts"
import { sightMs } from "./host-sight.ts"
import { findNetwork } from "./find-network.ts"
import { beginStep, repeat } from "./repeat.ts"
import { parseRemoveRouter } from "./road-requests.ts"
import type { RemoveRouterRequest } from "./road-requests.ts"
import { failureOf, road } from "./road.ts"
import type { RoadRooms } from "./road.ts"

/** What was removed; `router` is absent when there was none. */
export interface RemovedRouter {
  readonly router?: Router
}

/**
 * Takes a network's router VM away, with its disks; one that advertises withdraws itself first. FAILED_PRECONDITION while NICs stand on the network, unless
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

  return rooms.leases.hold(network.id, call, async ({ lease }, held) => {
    beginStep(held, "marking the router as leaving")
    await rooms.store.markRouter(router.id, "leaving", lease)
    if (router.state === "running") await withdraw(network, router, rooms, held)
    await removeVms(router, rooms, held)
    beginStep(held, "forgetting the router")
    await rooms.store.removeRouter(router.id, lease)
    rooms.tell({ kind: "router-removed", ...routerFact(router) })
    return { router }
  })
}

/** The VM that it is, the one that it was to be, and those that it was. */
async function removeVms(router: Router, rooms: RoadRooms, call: Call): Promise<void> {
  const { replacement, former = [] } = router
  for (const vm of [router, ...(replacement === undefined ? [] : [replacement]), ...former]) {
    beginStep(call, "removing the router VM")
    const lost = "lost" in vm
    try {
      const patient = lost ? withTimeout(call, sightMs) : call
      const host = await repeat(rooms, patient, () => rooms.hosts.open(vm.host, patient))
      await repeat(rooms, patient, () => host.removeRouter(vm.vmId, patient))
    } catch (error) {
      if (call.signal.aborted) throw abortError(call.signal)
      // Its host is dead, somebody said. Where that comes back the VM is in no record any more: sweep finds it.
      if (!lost || !isSlash64Error(error) || !isRetryable(error)) throw error
      rooms.tell({ kind: "step-failed", repeatsLeft: 0, ...failureOf(error) })
    }
  }
}

/**
 * A router that advertises says that it is one no more, or guests would keep a dead default route for half an hour.
 * One that does not answer cannot say it, and is removed all the same.
 */
async function withdraw(network: SharedNetwork, router: Router, rooms: RoadRooms, call: Call): Promise<void> {
  if (network.ipv6?.ra !== "router") return
  beginStep(call, "withdrawing its advertisement")
  const snapshot = await rooms.store.readNetwork(network.id)
  if (snapshot === undefined) return
  const state: RouterState = { ...routerState(snapshot, router), withdrawn: true }
  try {
    await rooms.routers.push(endpointOf(router, network, rooms), state, withTimeout(call, withdrawMs))
    await sleep(rooms.patience.withdrawMs, undefined, { signal: call.signal })
  } catch (error) {
    if (call.signal.aborted) throw abortError(call.signal)
    rooms.tell({ kind: "step-failed", repeatsLeft: 0, ...failureOf(error) })
  }
}

/** A router that hangs must not keep its own removal. */
const withdrawMs = 15_000

async function checkUnused(network: SharedNetwork, rooms: RoadRooms): Promise<void> {
  const [first] = await rooms.store.listNics({ networkId: network.id, limit: 1 })
  if (first === undefined) return
  throw new Slash64Error("FAILED_PRECONDITION", `the router of ${network.name} serves NICs, such as ${first.id}`, {
    field: "network",
    value: network.name,
    hint: "Detach them first; or force it: they keep their addresses, and nobody renews their leases meanwhile.",
  })
}

import { Slash64Error } from "../errors.ts"
import type { Router, SharedNetwork } from "../network/records.ts"
import { abortError } from "../plugin/call.ts"
import type { Call } from "../plugin/call.ts"
import type { HypervisorHost } from "../plugin/hypervisor-plugin.ts"
import type { PushResult, RouterEndpoint, RouterStatus } from "../router/router-control.ts"
import type { ConvergeLease } from "../store/lease-store.ts"
import { converge, endpointOf } from "./converge-router.ts"
import { routerFact } from "./facts.ts"
import { halt, haltFormerVms, removeFormerVms } from "./former-vms.ts"
import { beginStep, repeat } from "./repeat.ts"
import { failureOf } from "./road.ts"
import type { RoadRooms } from "./road.ts"
import { toRouterSpec } from "./router-specs.ts"
import { waitForRouter } from "./wait-for-router.ts"

export interface BroughtUpRouter {
  readonly router: Router
  readonly push: PushResult
  readonly status: RouterStatus
  /**
   * How long nobody answered the guests: from the stop of the VM whose place this one took until this one served, in
   * milliseconds. Absent: none was stopped.
   */
  readonly gapMs?: number
}

/**
 * The router's VM runs and serves what the store holds, with the leases of the VM whose place it takes. That one is
 * halted before this one starts, because they have the same addresses, and removed when this one serves. Every step
 * looks at what is there, so whoever repeats it, `router start` and `apply` too, comes to the same end.
 */
export async function bringUpRouter(
  router: Router,
  network: SharedNetwork,
  { lease, force = false }: { readonly lease: ConvergeLease; readonly force?: boolean },
  rooms: RoadRooms,
  call: Call,
): Promise<BroughtUpRouter> {
  const host = await repeat(rooms, call, () => rooms.hosts.open(router.host, call))
  const spec = await toRouterSpec(router, router, rooms)
  const endpoint = endpointOf(router, network, rooms)
  const { leases, stoppedAt } = await haltFormerVms(router, network, force, rooms, call)
  beginStep(call, "starting the router VM")
  await repeat(rooms, call, () => host.ensureRouter(spec, call))
  await checkStill(router, host, rooms, call)
  beginStep(call, "waiting for the router's first answer")
  const status = await waitForRouter(endpoint, rooms, call)
  await giveLeases(leases, endpoint, rooms, call)
  const push = await converge(network, rooms, call)
  const gapMs = stoppedAt === undefined ? undefined : Math.round(performance.now() - stoppedAt)
  beginStep(call, "recording that the router runs")
  const running = await rooms.store.markRouter(router.id, "running", lease)
  const { revision, generation } = push
  rooms.tell({ kind: "router-started", ...routerFact(running), revision, generation, bootMs: status.bootMs })
  const alone = await removeFormerVms(running, rooms, call)
  return { router: alone, push, status, ...(gapMs !== undefined && { gapMs }) }
}

/** Somebody may have replaced this VM while we started it; the store has the last word, so it is halted again. */
async function checkStill(router: Router, host: HypervisorHost, rooms: RoadRooms, call: Call): Promise<void> {
  const now = await rooms.store.findRouter(router.networkId)
  if (now === undefined || now.vmId === router.vmId) return
  await repeat(rooms, call, () => halt(host, router.vmId, call))
  throw new Slash64Error("ABORTED", `the VM of router ${router.id} was replaced by somebody else meanwhile`, {
    field: "network",
    value: router.networkId,
    hint: "Repeat: what they began is brought to its end.",
  })
}

/** A router without them serves all the same: a guest that renews is told to ask again, and has its own address. */
async function giveLeases(leases: string, endpoint: RouterEndpoint, rooms: RoadRooms, call: Call): Promise<void> {
  if (leases === "") return
  beginStep(call, "giving it the leases")
  try {
    await repeat(rooms, call, () => rooms.routers.restoreLeases(endpoint, leases, call))
  } catch (error) {
    if (call.signal.aborted) throw abortError(call.signal)
    rooms.tell({ kind: "step-failed", repeatsLeft: 0, ...failureOf(error) })
  }
}

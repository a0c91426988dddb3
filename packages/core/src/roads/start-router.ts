import type { Router } from "../network/records.ts"
import type { Call } from "../plugin/call.ts"
import type { HypervisorHost, RouterSpec } from "../plugin/hypervisor-plugin.ts"
import type { PushResult, RouterStatus, SeedRequest } from "../router/router-control.ts"
import type { ConvergeLease } from "../store/lease-store.ts"
import { converge, endpointOf } from "./converge-router.ts"
import { routerFact } from "./facts.ts"
import { findNetwork } from "./find-network.ts"
import { makeOnHost } from "./make-on-host.ts"
import { planRouter } from "./plan-router.ts"
import { beginStep, repeat } from "./repeat.ts"
import { parseStartRouter } from "./road-requests.ts"
import type { StartRouterRequest } from "./road-requests.ts"
import { road } from "./road.ts"
import { waitForRouter } from "./wait-for-router.ts"

export interface StartedRouter {
  readonly router: Router
  readonly push: PushResult
  readonly status: RouterStatus
}

/**
 * A network's router VM runs, from a registered template, and serves what the store holds. Repeated: a router that
 * was halted is started, one that runs is brought up to date. With another host, id or template than it was started
 * with: ALREADY_EXISTS; remove it first. NOT_FOUND without a network, host or registered template.
 */
export const startRouter = road(
  "start-router",
  async (request: StartRouterRequest, rooms, call): Promise<StartedRouter> => {
    const asked = parseStartRouter(request)
    const network = await findNetwork(asked.network, rooms)
    const openHost = (): Promise<HypervisorHost> => repeat(rooms, call, () => rooms.hosts.open(asked.host, call))
    const { router: planned, template } = await planRouter(asked, network, rooms, async () => {
      const host = await openHost()
      return (await repeat(rooms, call, () => host.describeHost(call))).capabilities
    })
    beginStep(call, "looking at the host")
    const host = await openHost()

    const start = async (lease: ConvergeLease, held: Call): Promise<StartedRouter> => {
      beginStep(held, "recording the router")
      const router = await rooms.store.createRouter(planned)
      beginStep(held, "bringing the template to the host")
      await repeat(rooms, held, () => host.ensureTemplate(template, held))
      await makeOnHost(network, router.host, host, rooms, held)
      beginStep(held, "starting the router VM")
      const seed = Buffer.from(await rooms.routers.seed(toSeedRequest(router))).toString("base64")
      const spec = { ...toRouterSpec(router), vcpus: asked.vcpus, memoryMiB: asked.memoryMiB, seed }
      await repeat(rooms, held, () => host.ensureRouter(spec, held))
      beginStep(held, "waiting for the router's first answer")
      const status = await waitForRouter(endpointOf(router, network, rooms), rooms, held)
      const push = await converge(network, rooms, held)
      beginStep(held, "recording that the router runs")
      const running = await rooms.store.markRouter(router.id, "running", lease)
      const { revision, generation } = push
      rooms.tell({ kind: "router-started", ...routerFact(running), revision, generation, bootMs: status.bootMs })
      return { router: running, push, status }
    }
    // Another process may be starting it.
    return rooms.leases.hold(network.id, call, start, rooms.patience.bootMs)
  },
)

function toSeedRequest({ id, guestMac, controlMac, controlAddress, serverDuid }: Router): SeedRequest {
  return { routerId: id, guestMac, controlMac, serverDuid, ...(controlAddress === undefined ? {} : { controlAddress }) }
}

function toRouterSpec(router: Router): Omit<RouterSpec, "vcpus" | "memoryMiB" | "seed"> {
  const { id, templateDigest, controlMac, controlAddress, networkId, guestMac } = router
  return {
    id,
    templateDigest,
    controlMac,
    ...(controlAddress === undefined ? {} : { controlAddress }),
    nics: [{ networkId, mac: guestMac }],
  }
}

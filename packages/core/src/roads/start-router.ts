import type { Call } from "../plugin/call.ts"
import type { HypervisorHost } from "../plugin/hypervisor-plugin.ts"
import { bringUpRouter } from "./bring-up-router.ts"
import type { BroughtUpRouter } from "./bring-up-router.ts"
import type { Holding } from "./converge-leases.ts"
import { findNetwork } from "./find-network.ts"
import { makeOnHost } from "./make-on-host.ts"
import { planRouter } from "./plan-router.ts"
import { beginStep, repeat } from "./repeat.ts"
import { parseStartRouter } from "./road-requests.ts"
import type { StartRouterRequest } from "./road-requests.ts"
import { road } from "./road.ts"

export type StartedRouter = BroughtUpRouter

/**
 * A network's router VM runs, from a registered template, and serves what the store holds. Repeated: a router that
 * was halted is started, one that runs is brought up to date, and a replacement of its VM that was taken is brought to
 * its end. With another host, id, template or size than it was started with: ALREADY_EXISTS; {@link upgradeRouter} and
 * {@link moveRouter} change the first two. NOT_FOUND without a network, host or registered template.
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

    const start = async ({ lease }: Holding, held: Call): Promise<StartedRouter> => {
      beginStep(held, "recording the router")
      const router = await rooms.store.createRouter(planned)
      beginStep(held, "bringing the template to the host")
      await repeat(rooms, held, () => host.ensureTemplate(template, held))
      await makeOnHost(network, router.host, host, rooms, held)
      return bringUpRouter(router, network, { lease }, rooms, held)
    }
    // Another process may be starting it.
    return rooms.leases.hold(network.id, call, start, { waitMs: rooms.patience.bootMs })
  },
)

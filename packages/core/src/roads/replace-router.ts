import { Slash64Error, isRetryable, isSlash64Error } from "../errors.ts"
import type { Router, RouterVm, SharedNetwork, TemplateRecord } from "../network/records.ts"
import type { Call } from "../plugin/call.ts"
import type { ConvergeLease } from "../store/lease-store.ts"
import { bringUpRouter } from "./bring-up-router.ts"
import type { BroughtUpRouter } from "./bring-up-router.ts"
import { chooseTemplate, findTemplate, templateLike } from "./choose-template.ts"
import type { Holding } from "./converge-leases.ts"
import { unreachable } from "./former-vms.ts"
import { findNetwork } from "./find-network.ts"
import { makeOnHost } from "./make-on-host.ts"
import { beginStep, repeat } from "./repeat.ts"
import { parseMoveRouter, parseUpgradeRouter } from "./road-requests.ts"
import type { MoveRouterRequest, UpgradeRouterRequest } from "./road-requests.ts"
import { road } from "./road.ts"
import type { RoadRooms } from "./road.ts"
import type { Rooms } from "./rooms.ts"
import { planVm, toRouterSpec } from "./router-specs.ts"

export interface ReplacedRouter extends BroughtUpRouter {
  /** The VM is another than before this call. */
  readonly replaced: boolean
}

/**
 * Replaces a network's router VM by one from another template, on the same host, with the same identity and leases.
 * Without a template: from the one registered last that fits the host. Repeated: what was begun is brought to its end;
 * where nothing differs, nothing is stopped. FAILED_PRECONDITION where the network has no router, NOT_FOUND without
 * such a template.
 */
export const upgradeRouter = road(
  "upgrade-router",
  async (request: UpgradeRouterRequest, rooms, call): Promise<ReplacedRouter> => {
    const asked = parseUpgradeRouter(request)
    const network = await findNetwork(asked.network, rooms)
    const router = await findKeptRouter(network, rooms)
    beginStep(call, "looking at the host")
    const host = await repeat(rooms, call, () => rooms.hosts.open(router.host, call))
    const { capabilities } = await repeat(rooms, call, () => host.describeHost(call))
    const template = chooseTemplate(await rooms.store.listTemplates(), asked.template, capabilities)
    const vm = planVm(router, { host: router.host, template, controlAddress: router.controlAddress })
    return replaceVm({ network, router, vm, template, force: false }, rooms, call)
  },
)

/**
 * Takes a network's router to another host, from the same template, with the same identity and leases. Where the host
 * that it is on does not answer: UNAVAILABLE and nothing is changed; with `force` the caller vouches that it is dead,
 * and what is left there is removed as soon as it answers. Repeated: what was begun is brought to its end.
 */
export const moveRouter = road(
  "move-router",
  async (request: MoveRouterRequest, rooms, call): Promise<ReplacedRouter> => {
    const asked = parseMoveRouter(request)
    const network = await findNetwork(asked.network, rooms)
    const router = await findKeptRouter(network, rooms)
    beginStep(call, "looking at the host")
    const host = await repeat(rooms, call, () => rooms.hosts.open(asked.host, call))
    const { capabilities } = await repeat(rooms, call, () => host.describeHost(call))
    const template = templateLike(await rooms.store.listTemplates(), router, capabilities)
    const stays = asked.host === router.host
    const controlAddress = asked.controlAddress ?? (stays ? router.controlAddress : undefined)
    const vm = planVm(router, { host: asked.host, template, controlAddress })
    return replaceVm({ network, router, vm, template, force: asked.force }, rooms, call)
  },
)

/** Brings a replacement to its end that was begun and noted. */
export async function finishReplacement(networkId: string, rooms: RoadRooms, call: Call): Promise<unknown> {
  const network = await findNetwork(networkId, rooms)
  const router = await rooms.store.findRouter(network.id)
  if (router?.replacement === undefined || router.state === "leaving") return undefined
  const template = findTemplate(await rooms.store.listTemplates(), router.replacement.templateDigest)
  return replaceVm({ network, router, vm: router.replacement, template, force: false }, rooms, call)
}

interface Replacement {
  readonly network: SharedNetwork
  readonly router: Router
  readonly vm: RouterVm
  readonly template: TemplateRecord
  readonly force: boolean
}

/** Another process may be at it. */
function replaceVm(asked: Replacement, rooms: RoadRooms, call: Call): Promise<ReplacedRouter> {
  const replace = ({ lease }: Holding, held: Call) => replaceWithLease(asked, lease, rooms, held)
  return rooms.leases.hold(asked.network.id, call, replace, { waitMs: rooms.patience.bootMs })
}

/** All of the new VM is made before the old one is stopped: what the guests wait for is its boot alone. */
async function replaceWithLease(
  asked: Replacement,
  lease: ConvergeLease,
  rooms: RoadRooms,
  call: Call,
): Promise<ReplacedRouter> {
  const { network, router, vm, template, force } = asked
  const host = await repeat(rooms, call, () => rooms.hosts.open(vm.host, call))
  beginStep(call, "bringing the template to the host")
  await repeat(rooms, call, () => host.ensureTemplate(template, call))
  await makeOnHost(network, vm.host, host, rooms, call)
  beginStep(call, "recording the replacement")
  const planned = await rooms.store.changeRouter(router.id, { kind: "plan-replacement", vm }, lease)
  if (vm.vmId === router.vmId)
    return { ...(await bringUpRouter(planned, network, { lease, force }, rooms, call)), replaced: false }

  beginStep(call, "preparing the new router VM")
  const spec = await toRouterSpec(router, vm, rooms)
  await repeat(rooms, call, async () => host.prepareRouter?.(spec, call))
  if (!force) await checkReachable(router, network, rooms, call)
  beginStep(call, "recording that the router is the new VM")
  const taken = await rooms.store.changeRouter(router.id, { kind: "take-replacement", vmId: vm.vmId }, lease)
  return { ...(await bringUpRouter(taken, network, { lease, force }, rooms, call)), replaced: true }
}

/** Before the record changes: from a host that does not answer nothing can be taken. */
async function checkReachable(router: Router, network: SharedNetwork, rooms: RoadRooms, call: Call): Promise<void> {
  beginStep(call, "looking at the old host")
  try {
    const host = await repeat(rooms, call, () => rooms.hosts.open(router.host, call))
    await repeat(rooms, call, () => host.findRouter(router.vmId, call))
  } catch (error) {
    throw isSlash64Error(error) && isRetryable(error) ? unreachable(network, router, error) : error
  }
}

async function findKeptRouter(network: SharedNetwork, rooms: Rooms): Promise<Router> {
  const router = await rooms.store.findRouter(network.id)
  if (router !== undefined && router.state !== "leaving") return router
  const problem = router === undefined ? "has no router" : "has a router that is being removed"
  throw new Slash64Error("FAILED_PRECONDITION", `network ${network.name} ${problem}`, {
    field: "network",
    value: network.name,
    hint: `Start it: slash64 router start ${network.name}.`,
  })
}

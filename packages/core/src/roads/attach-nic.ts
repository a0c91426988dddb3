import { Slash64Error, isSlash64Error } from "../errors.ts"
import type { NicClaim } from "../network/nic-claim.ts"
import { planNic } from "../network/plan-nic.ts"
import type { Nic, SharedNetwork } from "../network/records.ts"
import type { Call } from "../plugin/call.ts"
import type { HostNic, HypervisorHost } from "../plugin/hypervisor-plugin.ts"
import type { PushResult } from "../router/router-control.ts"
import { converge, findStartedRouter } from "./converge-router.ts"
import { nicFact } from "./facts.ts"
import { findNetwork } from "./find-network.ts"
import { toNicSpec } from "./host-specs.ts"
import { makeOnHost } from "./make-on-host.ts"
import { beginStep, repeat } from "./repeat.ts"
import { parseAttachNic } from "./road-requests.ts"
import type { AttachNicRequest } from "./road-requests.ts"
import { failureOf, road, startClock } from "./road.ts"
import type { RoadRooms } from "./road.ts"

export interface AttachedNic {
  readonly nic: Nic
  readonly port: HostNic
  /** False: the router did not answer. The NIC is plugged, and its guest has no answer until the router is back and converged. */
  readonly served: boolean
  /** Absent where it is not served. */
  readonly push?: PushResult
}

/**
 * Gives a VM a NIC on a shared network, with addresses that are its own. The reservation is on the router before
 * the NIC is plugged, so the guest's first question has its answer. Repeated: the same NIC, and whatever a crash
 * left undone is done. Where the router does not answer, the NIC is plugged and recorded all the same and the answer says
 * that it is not `served`: by the next converge of the router, which `slash64 serve` takes by itself.
 *
 * Nothing is claimed when the request is wrong (INVALID_ARGUMENT), the network, host or VM is unknown (NOT_FOUND),
 * or the network has no router that was started (FAILED_PRECONDITION). A NIC that is being detached is
 * FAILED_PRECONDITION too: finish that first.
 */
export const attachNic = road("attach-nic", async (request: AttachNicRequest, rooms, call): Promise<AttachedNic> => {
  const asked = parseAttachNic(request)
  const network = await findNetwork(asked.network, rooms)
  const plan = planNic(asked.nic, network)
  await findStartedRouter(network, rooms)
  beginStep(call, "looking at the host")
  const host = await repeat(rooms, call, () => rooms.hosts.open(plan.host, call))
  await repeat(rooms, call, () => checkHost(plan, network, host, call))

  beginStep(call, "claiming an address")
  const nic = await claim(plan, network, rooms)
  await makeOnHost(network, nic.host, host, rooms, call)
  const push = await tellRouter(network, rooms, call)
  beginStep(call, "plugging the NIC")
  const plug = (as: Nic) => repeat(rooms, call, () => host.attachNic(toNicSpec(as, network), call))
  const plugged = await plug(nic)
  beginStep(call, "recording the NIC")
  const attached = await recordAttached(nic, rooms, host, call)
  // The network may have been given another family meanwhile: the NIC has an address of it, and its port none yet.
  const isAsPlugged = attached.ipv6 === nic.ipv6 && attached.ipv4 === nic.ipv4
  const port = isAsPlugged ? plugged : await plug(attached)
  rooms.tell({ kind: "nic-attached", ...nicFact(attached) })
  return { nic: attached, port, served: push !== undefined, ...(push !== undefined && { push }) }
})

/**
 * Undefined where the router does not answer, or its VM is gone: it is told when it is back. What it refuses is an error,
 * because that is not healed by waiting.
 */
async function tellRouter(network: SharedNetwork, rooms: RoadRooms, call: Call): Promise<PushResult | undefined> {
  try {
    return await converge(network, rooms, call)
  } catch (error) {
    if (call.signal.aborted || !isSlash64Error(error) || !isDown(error)) throw error
    return undefined
  }
}

function isDown({ code, cause }: Slash64Error): boolean {
  return (
    code === "UNAVAILABLE" || (code === "FAILED_PRECONDITION" && isSlash64Error(cause) && cause.code === "NOT_FOUND")
  )
}

async function checkHost(plan: NicClaim, network: SharedNetwork, host: HypervisorHost, call: Call): Promise<void> {
  if ((await host.findVm(plan.vmId, call)) === undefined) {
    throw new Slash64Error("NOT_FOUND", `vmId ${plan.vmId}: host ${plan.host} has no such VM`, {
      field: "vmId",
      value: plan.vmId,
      hint: "Check the UUID and the host.",
    })
  }
  if (!network.portSecurity) return
  const { capabilities } = await host.describeHost(call)
  if (capabilities.portSecurity) return
  throw new Slash64Error("FAILED_PRECONDITION", `host ${plan.host} has no port security, which ${network.name} asks`, {
    field: "host",
    value: plan.host,
    hint: "Use a host that has it, or a network without portSecurity.",
  })
}

/** A NIC that was attached before is claimed no more. */
async function claim(plan: NicClaim, network: SharedNetwork, rooms: RoadRooms): Promise<Nic> {
  const clock = startClock()
  try {
    const nic = await rooms.store.claimNic(plan)
    if (nic.state === "claimed") rooms.tell({ kind: "nic-claimed", ...nicFact(nic), durationMs: clock() })
    return nic
  } catch (error) {
    const { code, message } = failureOf(error)
    if (code === "RESOURCE_EXHAUSTED") rooms.tell({ kind: "addresses-exhausted", networkId: network.id, message })
    throw error
  }
}

/** Somebody may have detached the NIC while we plugged it; the store has the last word, so the port goes again. */
export async function recordAttached(nic: Nic, rooms: RoadRooms, host: HypervisorHost, call: Call): Promise<Nic> {
  try {
    return await rooms.store.markNic(nic.id, "attached")
  } catch (error) {
    if (!isSlash64Error(error) || (error.code !== "NOT_FOUND" && error.code !== "FAILED_PRECONDITION")) throw error
    await repeat(rooms, call, () => host.detachNic(nic, call))
    throw new Slash64Error("ABORTED", `NIC ${nic.id} was detached by somebody else meanwhile`, {
      field: "id",
      value: nic.id,
      hint: "Repeat if it should be attached.",
      cause: error,
    })
  }
}

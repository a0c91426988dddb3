import { Slash64Error, isSlash64Error, messageOf } from "../errors.ts"
import type { FormerVm } from "../network/records.ts"
import { checkAborted } from "../plugin/call.ts"
import type { Call } from "../plugin/call.ts"
import { redactText } from "../secrets/redact.ts"
import { attachNic } from "./attach-nic.ts"
import { convergeRouter } from "./converge-router.ts"
import { detachNic } from "./detach-nic.ts"
import { removeFormerVm } from "./former-vms.ts"
import { findNetwork } from "./find-network.ts"
import { makeOnHost } from "./make-on-host.ts"
import type { Plan, PlanProblem, PlanStep } from "./plan-step.ts"
import { lookAndPlan } from "./plan.ts"
import { removeRouter } from "./remove-router.ts"
import { repeat } from "./repeat.ts"
import { finishReplacement } from "./replace-router.ts"
import type { PlanRequest } from "./road-requests.ts"
import { road } from "./road.ts"
import type { RoadRooms } from "./road.ts"
import type { Rooms } from "./rooms.ts"
import { startRouter } from "./start-router.ts"

/** What {@link apply} did. */
export interface Applied {
  readonly done: readonly PlanStep[]
  /** What it could not do, and what no converge can mend. */
  readonly problems: readonly PlanProblem[]
}

/**
 * Does what {@link plan} would show, step by step by the roads. A step that fails is a problem in the answer, and the
 * others are done all the same. Repeated: what was done is in no plan any more. CANCELLED ends it between or in steps.
 */
export const apply = road("apply", async (request: PlanRequest, rooms, call): Promise<Applied> => {
  const { steps, problems }: Plan = await lookAndPlan(request, rooms, call)
  const done: PlanStep[] = []
  const failed: PlanProblem[] = []
  for (const step of steps) {
    try {
      await takeStep(step, rooms, call)
      done.push(step)
    } catch (error) {
      checkAborted(call.signal)
      failed.push(toProblem(step, error))
    }
  }
  return { done, problems: [...problems, ...failed] }
})

/** One step, by the road that a person would take. */
async function takeStep(step: PlanStep, rooms: RoadRooms, call: Call): Promise<unknown> {
  const { networkId: network, host } = step
  switch (step.kind) {
    case "make-network":
      return makeNetwork(network, host, rooms, call)
    case "start-router":
      return startAgain(network, rooms, call)
    case "replace-router":
      return finishReplacement(network, rooms, call)
    case "remove-former-router":
      return removeFormer(network, step, rooms, call)
    case "remove-router":
      return removeAgain(network, rooms, call)
    case "push-router":
      return convergeRouter(network, rooms, call)
    case "detach-nic":
      return detachAgain(step.nicId, rooms, call)
    case "attach-nic":
      return attachAgain(step.nicId, rooms, call)
  }
}

async function makeNetwork(networkId: string, hostName: string, rooms: RoadRooms, call: Call): Promise<void> {
  const network = await findNetwork(networkId, rooms)
  const host = await repeat(rooms, call, () => rooms.hosts.open(hostName, call))
  await makeOnHost(network, hostName, host, rooms, call)
}

/** One that was removed since the look stays so. */
async function startAgain(network: string, rooms: Rooms, call: Call): Promise<unknown> {
  const router = await rooms.store.findRouter(network)
  if (router === undefined || router.state === "leaving") return undefined
  return startRouter({ network, host: router.host }, rooms, call)
}

/** One that another has removed to its end, and started anew since the look, stays. */
async function removeAgain(network: string, rooms: Rooms, call: Call): Promise<unknown> {
  const router = await rooms.store.findRouter(network)
  if (router?.state !== "leaving") return undefined
  return removeRouter({ network, force: true }, rooms, call)
}

/** Not one that the router is again, nor one that another has forgotten. */
async function removeFormer(network: string, { vmId, host }: FormerVm, rooms: RoadRooms, call: Call): Promise<void> {
  const router = await rooms.store.findRouter(network)
  if (router?.former?.some((vm) => vm.vmId === vmId) !== true) return
  await removeFormerVm(router.id, { vmId, host }, rooms, call)
}

/** With what its record says; one that was detached meanwhile stays so. */
async function attachAgain(nicId: string, rooms: Rooms, call: Call): Promise<unknown> {
  const nic = await rooms.store.findNic(nicId)
  if (nic === undefined || nic.state === "leaving") return undefined
  const { id, networkId: network, host, vmId, mac, hostname, isDefault } = nic
  return attachNic({ network, id, host, vmId, mac, hostname, isDefault }, rooms, call)
}

/** One that another has detached to its end, and attached anew under its id since the look, stays. */
async function detachAgain(nicId: string, rooms: Rooms, call: Call): Promise<unknown> {
  const nic = await rooms.store.findNic(nicId)
  if (nic?.state !== "leaving") return undefined
  return detachNic(nicId, rooms, call)
}

function toProblem(step: PlanStep, error: unknown): PlanProblem {
  const known = isSlash64Error(error) ? error : new Slash64Error("INTERNAL", messageOf(error))
  const subject = "nicId" in step ? `NIC ${step.nicId}` : `network ${step.networkId}`
  const hint = known.hint ?? "Look at it, then repeat."
  return { subject, problem: `${step.kind}: ${redactText(known.message)}`, hint: redactText(hint) }
}

import type { Nic, Router, SharedNetwork, TemplateRecord } from "../network/records.ts"
import type { Call } from "../plugin/call.ts"
import type { RouterStatus } from "../router/router-control.ts"
import { newerTemplate } from "./choose-template.ts"
import { endpointOf } from "./converge-router.ts"
import { findNetwork } from "./find-network.ts"
import { isProblem, look, lookAtHost } from "./host-sight.ts"
import type { HostSight } from "./host-sight.ts"
import type { OutdatedRouter, Plan, PlanProblem, PlanStep } from "./plan-step.ts"
import { beginStep } from "./repeat.ts"
import { parsePlan } from "./road-requests.ts"
import type { PlanRequest } from "./road-requests.ts"
import { road } from "./road.ts"
import type { RoadRooms } from "./road.ts"

/**
 * What a converge would change on hosts and routers, so that they are as the store has it. Changes nothing. A host or
 * router that does not answer is a problem in the plan, not an error. NOT_FOUND for a network that is not there.
 */
export const plan = road("plan", lookAndPlan)

/** The same as a part of another road. */
export async function lookAndPlan(request: PlanRequest, rooms: RoadRooms, call: Call): Promise<Plan> {
  const { network: only } = parsePlan(request)
  const added = await rooms.store.listHosts()
  const networks = only === undefined ? await rooms.store.listNetworks() : [await findNetwork(only, rooms)]
  beginStep(call, "looking at hosts and routers")
  const sights = new Map<string, Promise<HostSight | PlanProblem>>()
  const see = (name: string): Promise<HostSight | PlanProblem> => {
    const seen = sights.get(name) ?? lookAtHost(name, rooms, call)
    sights.set(name, seen)
    return seen
  }
  const names = only === undefined ? added.map(({ name }) => name) : []
  const onHosts = (await Promise.all(names.map(see))).filter(isProblem)
  const plans: Plan[] = []
  for (const network of networks) plans.push(await planOne(network, see, rooms, call))
  const problems = [...onHosts, ...plans.flatMap((one) => one.problems)]
  return {
    steps: plans.flatMap((one) => one.steps),
    problems: withoutTwins(problems),
    outdated: plans.flatMap((one) => one.outdated),
  }
}

type See = (host: string) => Promise<HostSight | PlanProblem>

async function planOne(network: SharedNetwork, see: See, rooms: RoadRooms, call: Call): Promise<Plan> {
  // The router is asked for what the store held before, so that a change meanwhile is no drift.
  const snapshot = await rooms.store.readNetwork(network.id)
  const nics = await rooms.store.listNics({ networkId: network.id })
  const router = await rooms.store.findRouter(network.id)
  const found: (PlanStep | PlanProblem)[] = []
  const hosts = new Set([...(router === undefined ? [] : [router.host]), ...nics.map(({ host }) => host)])
  for (const host of [...hosts].toSorted()) found.push(...planHost(network, host, await see(host)))
  if (router !== undefined) {
    found.push(...(await planFormerVms(router, see)))
    found.push(...(await planRouterOf(network, router, snapshot?.revision ?? 0, await see(router.host), rooms, call)))
  }
  for (const nic of nics) found.push(...(await planNicOf(network, nic, await see(nic.host), call)))
  const steps = found.flatMap((one) => (isProblem(one) ? [] : [one]))
  return {
    // What is half gone is gone before something comes.
    steps: [...steps.filter(({ kind }) => kind !== "attach-nic"), ...steps.filter(({ kind }) => kind === "attach-nic")],
    problems: found.filter(isProblem),
    outdated: router === undefined ? [] : outdatedOf(router, await rooms.store.listTemplates()),
  }
}

function outdatedOf(router: Router, templates: readonly TemplateRecord[]): readonly OutdatedRouter[] {
  const { networkId, host, templateDigest, templateVersion } = router
  const newest = newerTemplate(templates, templateDigest)
  return newest === undefined ? [] : [{ networkId, host, templateVersion, newest: newest.version }]
}

/** A host that answers again gives back what the router left there; it goes before anything else of the network. */
async function planFormerVms({ networkId, former = [], state }: Router, see: See): Promise<readonly PlanStep[]> {
  const steps: PlanStep[] = []
  for (const { vmId, host, lost } of state === "leaving" ? [] : former) {
    if (lost !== true || isProblem(await see(host))) continue
    const why = "it was left there when its host did not answer"
    steps.push({ kind: "remove-former-router", networkId, host, vmId, why })
  }
  return steps
}

function planHost(
  { id }: SharedNetwork,
  host: string,
  sight: HostSight | PlanProblem,
): readonly (PlanStep | PlanProblem)[] {
  if (isProblem(sight)) return [sight]
  const seen = sight.networks.get(id)
  if (seen !== undefined && seen.down !== true) return []
  const why = seen === undefined ? "the network is not on the host" : "the network is down on the host"
  return [{ kind: "make-network", networkId: id, host, why }]
}

async function planRouterOf(
  network: SharedNetwork,
  router: Router,
  revision: number,
  sight: HostSight | PlanProblem,
  rooms: RoadRooms,
  call: Call,
): Promise<readonly (PlanStep | PlanProblem)[]> {
  if (isProblem(sight)) return []
  const at = { networkId: network.id, host: router.host }
  if (router.state === "leaving") return [{ kind: "remove-router", ...at, why: "it is half removed" }]
  const { replacement, former = [] } = router
  if (replacement !== undefined)
    return [{ kind: "replace-router", ...at, host: replacement.host, why: "its replacement is half done" }]
  if (former.some(({ lost }) => lost !== true))
    return [{ kind: "start-router", ...at, why: "its replacement is half done" }]
  const there = sight.routers.get(router.vmId)
  if (there === undefined) return [{ kind: "start-router", ...at, why: "its VM is not there" }]
  if (there.templateDigest !== router.templateDigest || there.controlMac !== router.controlMac) {
    return [
      {
        subject: `router of ${network.name}`,
        problem: `its VM on host ${router.host} is another than the record says`,
        hint: `Make it anew: slash64 router remove ${network.name} --force, then slash64 router start ${network.name}.`,
      },
    ]
  }
  if (!there.running) return [{ kind: "start-router", ...at, why: "its VM is halted" }]
  if (router.state === "claimed") return [{ kind: "start-router", ...at, why: "it is half started" }]
  const endpoint = endpointOf(router, network, rooms)
  const status = await look(`router of ${network.name}`, call, (patient) => rooms.routers.status(endpoint, patient))
  if (isProblem(status)) return [status]
  const why = whyPush(status, revision)
  return why === undefined ? [] : [{ kind: "push-router", ...at, why }]
}

function whyPush(status: RouterStatus, revision: number): string | undefined {
  if (status.revision < revision) return `it serves revision ${status.revision} of ${revision}`
  if (status.drifted.length > 0) return `somebody changed ${status.drifted.join(", ")}`
  return undefined
}

async function planNicOf(
  network: SharedNetwork,
  nic: Nic,
  sight: HostSight | PlanProblem,
  call: Call,
): Promise<readonly (PlanStep | PlanProblem)[]> {
  if (isProblem(sight)) return []
  const at = { networkId: network.id, host: nic.host, nicId: nic.id, vmId: nic.vmId }
  if (nic.state === "leaving") return [{ kind: "detach-nic", ...at, why: "it is half detached" }]
  const subject = `NIC ${nic.id}`
  const port = sight.nics.get(nic.id)
  if (port !== undefined && (port.vmId !== nic.vmId || port.mac !== nic.mac || port.networkId !== nic.networkId)) {
    const problem = `on host ${nic.host} it is another than the record says`
    return [{ subject, problem, hint: `Detach it, then attach it again: slash64 nic detach ${nic.id}.` }]
  }
  if (nic.state === "attached" && port?.live === true) return []
  const vm = await look(subject, call, async (patient) => ({ vm: await sight.host.findVm(nic.vmId, patient) }))
  if (isProblem(vm)) return [vm]
  if (vm.vm === undefined) {
    const problem = `host ${nic.host} has no VM ${nic.vmId}`
    return [{ subject, problem, hint: `Where the VM is gone for good: slash64 nic detach ${nic.id}.` }]
  }
  if (nic.state === "claimed") return [{ kind: "attach-nic", ...at, why: "it is half attached" }]
  // A NIC of a transient VM is gone when that stops, and nothing can be plugged until it is there again.
  if (port === undefined) return [{ kind: "attach-nic", ...at, why: "the VM has it not" }]
  return vm.vm.running ? [{ kind: "attach-nic", ...at, why: "the VM runs without it" }] : []
}

function withoutTwins(problems: readonly PlanProblem[]): readonly PlanProblem[] {
  return [...new Map(problems.map((one) => [`${one.subject} ${one.problem}`, one])).values()]
}

import type { Nic, Router, SharedNetwork } from "../network/records.ts"
import type { Call } from "../plugin/call.ts"
import { readRouterStatus } from "../roads/converge-router.ts"
import { isProblem, look } from "../roads/host-sight.ts"
import type { PlanProblem } from "../roads/plan-step.ts"
import type { Rooms } from "../roads/rooms.ts"
import type { RouterStatus } from "../router/router-control.ts"
import type { NetworkCounts } from "../store/store.ts"
import { raProblems } from "./ra-problems.ts"

export interface NetworkStatus {
  readonly network: SharedNetwork
  /** NICs that have an address here, whatever their state. */
  readonly nics: number
  readonly counts: NetworkCounts
  /** The store's revision, read before the router was asked. */
  readonly revision: number
  readonly router?: Router
  /** Absent: no router runs, or it does not answer. */
  readonly routerStatus?: RouterStatus
  readonly problems: readonly PlanProblem[]
}

/** A network by its records, and by what its router says now; one that does not answer is a problem, not an error. */
export async function readNetworkStatus(network: SharedNetwork, rooms: Rooms, call: Call): Promise<NetworkStatus> {
  const { store } = rooms
  const [router, nics, counts, snapshot] = await Promise.all([
    store.findRouter(network.id),
    store.listNics({ networkId: network.id }),
    store.countAddresses(network.id),
    store.readNetwork(network.id),
  ])
  const revision = snapshot?.revision ?? 0
  const said =
    router?.state === "running"
      ? await look(`router of ${network.name}`, call, (patient) => readRouterStatus(network.id, rooms, patient))
      : undefined
  const problems = [
    ...nics.filter((nic) => nic.state !== "attached").map(unfinished),
    ...(router === undefined ? [] : unfinishedRouter(network, router)),
    ...(said === undefined ? [] : isProblem(said) ? [said] : statusProblems(network, said, revision)),
  ]
  return {
    network,
    nics: nics.length,
    counts,
    revision,
    ...(router !== undefined && { router }),
    ...(said !== undefined && !isProblem(said) && { routerStatus: said }),
    problems,
  }
}

function unfinished({ id, state }: Nic): PlanProblem {
  return state === "leaving"
    ? { subject: `NIC ${id}`, problem: "it is half detached", hint: `Finish it: slash64 nic detach ${id}` }
    : {
        subject: `NIC ${id}`,
        problem: "it is half attached",
        hint: `Repeat its nic attach, or slash64 nic detach ${id}`,
      }
}

function unfinishedRouter({ name }: SharedNetwork, { state }: Router): readonly PlanProblem[] {
  if (state === "running") return []
  const [problem, verb] = state === "leaving" ? ["it is half removed", "remove"] : ["it is half started", "start"]
  return [{ subject: `router of ${name}`, problem, hint: `Finish it: slash64 router ${verb} ${name}` }]
}

function statusProblems(network: SharedNetwork, status: RouterStatus, revision: number): readonly PlanProblem[] {
  const subject = `router of ${network.name}`
  const hint = `Mend it: slash64 router push ${network.name}`
  const stopped = Object.entries(status.services).filter(([, state]) => state !== "running")
  return [
    ...stopped.map(([service]) => ({ subject, problem: `${service} does not run`, hint })),
    ...status.drifted.map((file) => ({ subject, problem: `somebody changed ${file}`, hint })),
    ...(status.revision < revision
      ? [{ subject, problem: `it is behind: revision ${status.revision} of ${revision}`, hint }]
      : []),
    ...raProblems(network, status),
  ]
}

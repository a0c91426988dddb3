import type { Nic } from "../network/records.ts"
import type { Call } from "../plugin/call.ts"
import type { HostNic, HypervisorHost, ObservedNic } from "../plugin/hypervisor-plugin.ts"
import { readRouterStatus } from "../roads/converge-router.ts"
import { isProblem, look } from "../roads/host-sight.ts"
import type { PlanProblem } from "../roads/plan-step.ts"
import type { Rooms } from "../roads/rooms.ts"
import type { RouterLease } from "../router/router-control.ts"
import { explainNic } from "./explain-nic.ts"
import type { NicRemark } from "./explain-nic.ts"

/** A NIC's record, and beside it what is. Absent: nobody could say. */
export interface NicStatus {
  readonly nic: Nic
  readonly port?: HostNic
  /** The router's leases of its addresses. */
  readonly leases?: readonly RouterLease[]
  /** What the guest agent or the hypervisor sees. */
  readonly observed?: ObservedNic
  /** Why what the guest has is not what its NIC was given, and who does not answer. */
  readonly problems: readonly NicRemark[]
}

/**
 * What host, router and guest show of these NICs now. Each host and router is asked once, each guest by itself. One
 * that does not answer is a problem in the answer, not an error.
 */
export async function readNicStatus(nics: readonly Nic[], rooms: Rooms, call: Call): Promise<readonly NicStatus[]> {
  const [hosts, routers] = await Promise.all([
    askEach(
      nics.map(({ host }) => host),
      (host) => askHost(host, rooms, call),
    ),
    askEach(
      nics.map(({ networkId }) => networkId),
      (network) => askRouter(network, rooms, call),
    ),
  ])
  return Promise.all(nics.map((nic) => statusOf(nic, hosts.get(nic.host), routers.get(nic.networkId), call)))
}

interface AskedHost {
  readonly host: HypervisorHost
  readonly ports: ReadonlyMap<string, HostNic>
}

async function askHost(name: string, rooms: Rooms, call: Call): Promise<AskedHost | PlanProblem> {
  return look(`host ${name}`, call, async (patient) => {
    const host = await rooms.hosts.open(name, patient)
    return { host, ports: new Map((await host.listNics(patient)).map((port) => [port.id, port])) }
  })
}

interface AskedRouter {
  readonly leases: readonly RouterLease[]
}

async function askRouter(networkId: string, rooms: Rooms, call: Call): Promise<AskedRouter | PlanProblem> {
  const subject = "its router"
  if ((await rooms.store.findRouter(networkId))?.state !== "running")
    return { subject, problem: "none runs on its network", hint: `slash64 router start ${networkId}` }
  return look(subject, call, (patient) => readRouterStatus(networkId, rooms, patient))
}

async function statusOf(
  nic: Nic,
  host: AskedHost | PlanProblem | undefined,
  router: AskedRouter | PlanProblem | undefined,
  call: Call,
): Promise<NicStatus> {
  const problems = [host, router].flatMap((one) => (one !== undefined && isProblem(one) ? [unanswered(one)] : []))
  const leases =
    router === undefined || isProblem(router)
      ? undefined
      : router.leases.filter(({ address }) => address === nic.ipv6 || address === nic.ipv4)
  const known = { nic, ...(leases !== undefined && { leases }) }
  if (host === undefined || isProblem(host)) return { ...known, problems }
  const port = host.ports.get(nic.id)
  const seen = await look("the guest", call, async (patient) => ({
    observed: await host.host.observeNic({ id: nic.id, vmId: nic.vmId }, patient),
  }))
  if (isProblem(seen)) problems.push(unanswered(seen))
  const observed = isProblem(seen) ? undefined : seen.observed
  return {
    ...known,
    ...(port !== undefined && { port }),
    ...(observed !== undefined && { observed }),
    problems: [...problems, ...explainNic(nic, { port, observed: observed?.addresses, leases })],
  }
}

/** A problem of somebody else, which is told where that one is shown. */
function unanswered({ subject, problem }: PlanProblem): NicRemark {
  return { isWrong: false, text: `${subject}: ${problem}` }
}

async function askEach<T>(
  names: readonly string[],
  ask: (name: string) => Promise<T>,
): Promise<ReadonlyMap<string, T>> {
  const each = [...new Set(names)].map(async (name) => [name, await ask(name)] as const)
  return new Map(await Promise.all(each))
}

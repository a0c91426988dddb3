import { readHostStatus, readNetworkStatus } from "@slash64/core"
import type { HostStatus, NetworkStatus } from "@slash64/core"
import type { Answer } from "../answer.ts"
import { exitCodes } from "../exit-code.ts"
import { table } from "../output/table.ts"
import type { Session } from "../session.ts"
import { problemText } from "./problem-text.ts"

/** Asks every host and router at once; one that does not answer is a problem in the answer, not an error. */
export async function status(session: Session): Promise<Answer> {
  const { call } = session
  const rooms = await session.rooms()
  const { store } = rooms
  const [hosts, networks, templates] = await Promise.all([
    store.listHosts(),
    store.listNetworks(),
    store.listTemplates(),
  ])
  const [hostStatus, networkStatus] = await Promise.all([
    Promise.all(hosts.map((host) => readHostStatus(host, rooms, call))),
    Promise.all(networks.map((network) => readNetworkStatus(network, rooms, call))),
  ])
  const problems = [...hostStatus, ...networkStatus].flatMap((one) => one.problems).map(problemText)
  return {
    json: { hosts: hostStatus.map(hostJson), networks: networkStatus.map(networkJson), templates, problems },
    text: [hostTable(hostStatus), networkTable(networkStatus), problemList(problems)].join("\n\n"),
    ...(problems.length > 0 && { exitCode: exitCodes.FAILED_PRECONDITION }),
  }
}

function hostJson(host: HostStatus) {
  return { ...host, problems: host.problems.map(problemText) }
}

function networkJson(one: NetworkStatus) {
  const { network, nics, router, routerStatus, problems } = one
  const { prefix, free } = prefixAndFree(one)
  return {
    id: network.id,
    name: network.name,
    ...(prefix !== undefined && { prefix }),
    nics,
    ...(free !== undefined && { free }),
    ...(router !== undefined && {
      router: {
        id: router.id,
        host: router.host,
        state: router.state,
        templateVersion: router.templateVersion,
        ...(routerStatus !== undefined && { status: routerStatus }),
      },
    }),
    problems: problems.map(problemText),
  }
}

/** `free` is text, since it does not fit a JSON number. */
function prefixAndFree({ network, counts }: NetworkStatus) {
  const free = (counts.ipv6 ?? counts.ipv4)?.free
  return { prefix: network.ipv6?.prefix ?? network.ipv4?.prefix, free: free === undefined ? undefined : String(free) }
}

function hostTable(hosts: readonly HostStatus[]): string {
  return table(
    ["host", "plugin", "hypervisor", "acceleration", "state"],
    hosts.map(({ name, plugin, hypervisor, acceleration, problems }) => [
      name,
      plugin,
      hypervisor,
      acceleration,
      problems.length === 0 ? "ok" : "see below",
    ]),
    "no hosts: add one with slash64 host add",
  )
}

function networkTable(networks: readonly NetworkStatus[]): string {
  return table(
    ["network", "prefix", "nics", "free", "router", "state"],
    networks.map((one) => {
      const { network, nics, router, problems } = one
      const { prefix, free } = prefixAndFree(one)
      return [
        network.name,
        prefix,
        String(nics),
        free,
        router === undefined ? "none" : `${router.state} on ${router.host}`,
        problems.length === 0 ? "ok" : "see below",
      ]
    }),
    "no networks: make one with slash64 network create",
  )
}

function problemList(problems: readonly string[]): string {
  return problems.length === 0 ? "all is well" : problems.map((problem) => `problem: ${problem}`).join("\n")
}

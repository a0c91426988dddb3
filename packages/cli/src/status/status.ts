import type { Answer } from "../answer.ts"
import { exitCodes } from "../exit-code.ts"
import { table } from "../output/table.ts"
import type { Session } from "../session.ts"
import { lookAtHost } from "./host-status.ts"
import type { HostStatus } from "./host-status.ts"
import { lookAtNetwork } from "./network-status.ts"
import type { NetworkStatus } from "./network-status.ts"

/** Asks every host and router at once; one that does not answer is a problem in the answer, not an error. */
export async function status(session: Session): Promise<Answer> {
  const { store } = await session.rooms()
  const [hosts, networks, templates] = await Promise.all([
    store.listHosts(),
    store.listNetworks(),
    store.listTemplates(),
  ])
  const [hostStatus, networkStatus] = await Promise.all([
    Promise.all(hosts.map((host) => lookAtHost(session, host))),
    Promise.all(networks.map((network) => lookAtNetwork(session, network))),
  ])
  const problems = [...hostStatus, ...networkStatus].flatMap((one) => one.problems)
  return {
    json: { hosts: hostStatus, networks: networkStatus, templates, problems },
    text: [hostTable(hostStatus), networkTable(networkStatus), problemList(problems)].join("\n\n"),
    ...(problems.length > 0 && { exitCode: exitCodes.FAILED_PRECONDITION }),
  }
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
    networks.map(({ name, prefix, nics, free, router, problems }) => [
      name,
      prefix,
      String(nics),
      free,
      router === undefined ? "none" : `${router.state} on ${router.host}`,
      problems.length === 0 ? "ok" : "see below",
    ]),
    "no networks: make one with slash64 network create",
  )
}

function problemList(problems: readonly string[]): string {
  return problems.length === 0 ? "all is well" : problems.map((problem) => `problem: ${problem}`).join("\n")
}

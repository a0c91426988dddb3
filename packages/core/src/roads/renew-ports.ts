import { isSlash64Error } from "../errors.ts"
import type { Nic, SharedNetwork } from "../network/records.ts"
import { checkAborted } from "../plugin/call.ts"
import type { Call } from "../plugin/call.ts"
import type { HypervisorHost } from "../plugin/hypervisor-plugin.ts"
import { recordAttached } from "./attach-nic.ts"
import { nicFact } from "./facts.ts"
import { asProblem } from "./host-sight.ts"
import { toNicSpec } from "./host-specs.ts"
import type { PlanProblem } from "./plan-step.ts"
import { beginStep, repeat } from "./repeat.ts"
import type { RoadRooms } from "./road.ts"

/**
 * Lets the addresses that NICs have by now through their ports: of every NIC that is claimed and that its VM has
 * already. One that no VM has yet is plugged by the road that attaches it. What fails stays claimed, so that a plan
 * shows it and a repeat does it.
 */
export async function renewPorts(network: SharedNetwork, rooms: RoadRooms, call: Call): Promise<PlanProblem[]> {
  const nics = await rooms.store.listNics({ networkId: network.id })
  const byHost = Map.groupBy(
    nics.filter(({ state }) => state === "claimed"),
    ({ host }) => host,
  )
  const problems = await Promise.all([...byHost].map((of) => renewOnHost(network, of, rooms, call)))
  return problems.flat()
}

async function renewOnHost(
  network: SharedNetwork,
  [name, nics]: readonly [host: string, nics: readonly Nic[]],
  rooms: RoadRooms,
  call: Call,
): Promise<readonly PlanProblem[]> {
  const problems: PlanProblem[] = []
  const attempt = async (subject: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work()
    } catch (error) {
      checkAborted(call.signal)
      problems.push(asProblem(subject, error))
    }
  }
  await attempt(`host ${name}`, async () => {
    beginStep(call, `letting the new addresses through on host ${name}`)
    const host = await repeat(rooms, call, () => rooms.hosts.open(name, call))
    const ports = await repeat(rooms, call, () => host.listNics(call))
    const plugged = new Set(ports.map(({ id }) => id))
    for (const nic of nics.filter(({ id }) => plugged.has(id)))
      await attempt(`NIC ${nic.id}`, () => renewPort(nic, network, host, rooms, call))
  })
  return problems
}

async function renewPort(
  nic: Nic,
  network: SharedNetwork,
  host: HypervisorHost,
  rooms: RoadRooms,
  call: Call,
): Promise<void> {
  await repeat(rooms, call, () => host.attachNic(toNicSpec(nic, network), call))
  try {
    rooms.tell({ kind: "nic-attached", ...nicFact(await recordAttached(nic, rooms, host, call)) })
  } catch (error) {
    // It was detached meanwhile, and stays so.
    if (!isSlash64Error(error) || error.code !== "ABORTED") throw error
  }
}

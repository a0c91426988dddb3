import type { HostRecord } from "../network/records.ts"
import type { Call } from "../plugin/call.ts"
import { isProblem, look } from "../roads/host-sight.ts"
import type { PlanProblem } from "../roads/plan-step.ts"
import type { Rooms } from "../roads/rooms.ts"

export interface HostStatus {
  readonly name: string
  readonly plugin: string
  readonly hypervisor?: string
  readonly version?: string
  readonly acceleration?: string
  readonly problems: readonly PlanProblem[]
}

/** What a host says of itself now; one that does not answer is a problem in the answer, not an error. */
export async function readHostStatus({ name, plugin }: HostRecord, rooms: Rooms, call: Call): Promise<HostStatus> {
  const subject = `host ${name}`
  const said = await look(subject, call, async (patient) =>
    (await rooms.hosts.open(name, patient)).describeHost(patient),
  )
  if (isProblem(said)) return { name, plugin, problems: [said] }
  const { hypervisor, version, capabilities, findings } = said
  const amiss = findings.filter((finding) => finding.severity === "error")
  return {
    name,
    plugin,
    hypervisor,
    version,
    acceleration: capabilities.acceleration,
    problems: amiss.map((one) => ({ subject, problem: `${one.subject}: ${one.problem}`, hint: one.hint })),
  }
}

import { isSlash64Error, messageOf } from "../errors.ts"
import { checkAborted, withTimeout } from "../plugin/call.ts"
import type { Call } from "../plugin/call.ts"
import type { HostNetwork, HostNic, HostRouter, HostTemplate, HypervisorHost } from "../plugin/hypervisor-plugin.ts"
import { redactText } from "../secrets/redact.ts"
import type { PlanProblem } from "./plan-step.ts"
import type { Rooms } from "./rooms.ts"

/** How long a look waits for one host or router. */
export const sightMs = 15_000

/** All that bears our mark on one host, by id. */
export interface HostSight {
  readonly host: HypervisorHost
  readonly networks: ReadonlyMap<string, HostNetwork>
  readonly nics: ReadonlyMap<string, HostNic>
  readonly routers: ReadonlyMap<string, HostRouter>
  readonly templates: ReadonlyMap<string, HostTemplate>
}

/** What is on a host; a host that does not answer is a problem, and what stands on it is left as it is. */
export async function lookAtHost(name: string, rooms: Rooms, call: Call): Promise<HostSight | PlanProblem> {
  return look(`host ${name}`, call, async (patient) => {
    const host = await rooms.hosts.open(name, patient)
    const [networks, nics, routers, templates] = await Promise.all([
      host.listNetworks(patient),
      host.listNics(patient),
      host.listRouters(patient),
      host.listTemplates(patient),
    ])
    return {
      host,
      networks: new Map(networks.map((one) => [one.id, one])),
      nics: new Map(nics.map((one) => [one.id, one])),
      routers: new Map(routers.map((one) => [one.id, one])),
      templates: new Map(templates.map((one) => [one.digest, one])),
    }
  })
}

/** What `ask` gives within {@link sightMs}, or what went wrong as a problem of `subject`. */
export async function look<T>(
  subject: string,
  call: Call,
  ask: (patient: Call) => Promise<T>,
): Promise<T | PlanProblem> {
  try {
    return await ask(withTimeout(call, sightMs))
  } catch (error) {
    checkAborted(call.signal)
    return asProblem(subject, error)
  }
}

export function asProblem(subject: string, error: unknown): PlanProblem {
  const hint = isSlash64Error(error) ? error.hint : undefined
  return { subject, problem: redactText(messageOf(error)), hint: redactText(hint ?? "Look at it, then repeat.") }
}

export function isProblem(seen: object): seen is PlanProblem {
  return "problem" in seen
}

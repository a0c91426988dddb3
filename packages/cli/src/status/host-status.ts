import { withTimeout } from "@slash64/core"
import type { HostRecord } from "@slash64/core"
import { showError } from "../output/show-error.ts"
import type { Session } from "../session.ts"

export interface HostStatus {
  readonly name: string
  readonly plugin: string
  readonly hypervisor?: string
  readonly version?: string
  readonly acceleration?: string
  readonly problems: readonly string[]
}

/** How long `status` waits for one host or router. */
export const patienceMs = 15_000

export async function lookAtHost(session: Session, { name, plugin }: HostRecord): Promise<HostStatus> {
  const call = withTimeout(session.call, patienceMs)
  try {
    const { hosts } = await session.rooms()
    const { hypervisor, version, capabilities, findings } = await (await hosts.open(name, call)).describeHost(call)
    const amiss = findings.filter((finding) => finding.severity === "error")
    return {
      name,
      plugin,
      hypervisor,
      version,
      acceleration: capabilities.acceleration,
      problems: amiss.map(({ subject, problem, hint }) => `host ${name}: ${subject}: ${problem}. ${hint}`),
    }
  } catch (error) {
    session.call.signal.throwIfAborted()
    return { name, plugin, problems: [`host ${name}: ${showError(error).message}`] }
  }
}

import { randomBytes, randomUUID } from "node:crypto"
import type { Call, HypervisorHost } from "@slash64/core"

/** An id by which what the suite makes is known for the suite's, after a run that was killed too. */
export function scratchId(): string {
  return `conformance-${randomUUID().slice(0, 13)}`
}

export function isScratchId(id: string): boolean {
  return /^conformance-[0-9a-f]{8}-[0-9a-f]{4}$/.test(id)
}

const templateMark = "conformance of "

/** The version that marks a copy of a template as the suite's. */
export function scratchVersion(version: string): string {
  return `${templateMark}${version}`
}

export function isScratchTemplate({ version }: { readonly version: string }): boolean {
  return version.startsWith(templateMark)
}

/** Locally administered and unicast. */
export function randomMac(): string {
  return ["02", ...(randomBytes(5).toString("hex").match(/../g) ?? [])].join(":")
}

/**
 * Removes what runs of the suite have left on a host: everything of ours that bears the suite's mark, so no other run
 * may be on its way there. Gives how many things it removed.
 */
export async function removeLeftovers(host: HypervisorHost, call: Call): Promise<number> {
  const routers = (await host.listRouters(call)).filter(({ id }) => isScratchId(id))
  for (const { id } of routers) await host.removeRouter(id, call)
  const nics = (await host.listNics(call)).filter(({ id }) => isScratchId(id))
  for (const nic of nics) await host.detachNic(nic, call)
  const networks = (await host.listNetworks(call)).filter(({ id }) => isScratchId(id))
  for (const { id } of networks) await host.removeNetwork(id, call)
  const templates = (await host.listTemplates(call)).filter(isScratchTemplate)
  for (const { digest } of templates) await host.removeTemplate(digest, call)
  return routers.length + nics.length + networks.length + templates.length
}

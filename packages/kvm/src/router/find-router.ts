import { type Call, type HostRouter, Slash64Error } from "@slash64/core"
import type { Domain, Libvirt } from "../libvirt/libvirt.ts"
import { routerName } from "../names.ts"
import { listDomainDocuments, readDomainDocuments } from "../vm/domain-documents.ts"
import { type MarkedRouter, readRouter } from "./router-xml.ts"

export interface FoundRouter {
  readonly router: MarkedRouter
  readonly domain: Domain
}

/** The router of this id on the host; a domain of the same name that does not bear our mark is another one. */
export async function findMarkedRouter(
  libvirt: Libvirt,
  routerId: string,
  signal: AbortSignal,
): Promise<FoundRouter | undefined> {
  const domain = await libvirt.domains.findByName(routerName(routerId), signal)
  if (domain === undefined) return undefined
  const { config, live } = await readDomainDocuments(libvirt, domain, signal)
  const document = config ?? live
  const router = document === undefined ? undefined : readRouter(document)
  return router?.id === routerId ? { router, domain } : undefined
}

/** ALREADY_EXISTS when a domain that is not ours has the name of this router's. */
export async function refuseForeignRouter(libvirt: Libvirt, routerId: string, signal: AbortSignal): Promise<void> {
  const name = routerName(routerId)
  if ((await libvirt.domains.findByName(name, signal)) === undefined) return
  throw new Slash64Error("ALREADY_EXISTS", `the host has a VM ${name} that is not of slash64`, {
    field: "router.id",
    value: routerId,
    hint: `Rename or remove it on the host (virsh dumpxml ${name}), or give the router another id.`,
  })
}

export async function listMarkedRouters(libvirt: Libvirt, signal: AbortSignal): Promise<readonly FoundRouter[]> {
  const all = await listDomainDocuments(libvirt, signal)
  return all.flatMap(({ domain, config, live }) => {
    const document = config ?? live
    const router = document === undefined ? undefined : readRouter(document)
    return router === undefined ? [] : [{ router, domain }]
  })
}

export async function findRouter(libvirt: Libvirt, routerId: string, call: Call): Promise<HostRouter | undefined> {
  const found = await findMarkedRouter(libvirt, routerId, call.signal)
  return found === undefined ? undefined : toHostRouter(found)
}

export async function listRouters(libvirt: Libvirt, call: Call): Promise<readonly HostRouter[]> {
  return (await listMarkedRouters(libvirt, call.signal)).map(toHostRouter)
}

function toHostRouter({ router, domain }: FoundRouter): HostRouter {
  const { id, templateDigest, controlMac, nics } = router
  return { id, templateDigest, running: domain.running, controlMac, nics }
}

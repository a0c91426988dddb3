import { stableUuid } from "../address/id.ts"
import type { Router, RouterVm, TemplateRecord } from "../network/records.ts"
import type { RouterSpec } from "../plugin/hypervisor-plugin.ts"
import type { SeedRequest } from "../router/router-control.ts"
import type { Rooms } from "./rooms.ts"

/** Names what slash64 makes ids of by itself (RFC 9562 section 6.6): never changed, or routers get other ids. */
export const routerNamespace = "6b1e64d2-50a4-5c1f-9d5e-0a64c0de0064"

/** A VM of a router as a host is asked for it: the identity is the router's, whichever VM it is. */
export async function toRouterSpec(router: Router, vm: RouterVm, rooms: Rooms): Promise<RouterSpec> {
  const { id: routerId, guestMac, controlMac, serverDuid, networkId, vcpus, memoryMiB } = router
  const control = vm.controlAddress === undefined ? {} : { controlAddress: vm.controlAddress }
  const request: SeedRequest = { routerId, guestMac, controlMac, serverDuid, ...control }
  return {
    id: vm.vmId,
    templateDigest: vm.templateDigest,
    vcpus,
    memoryMiB,
    seed: Buffer.from(await rooms.routers.seed(request)).toString("base64"),
    controlMac,
    ...control,
    nics: [{ networkId, mac: guestMac }],
  }
}

/** Where a replacement is to be, and what it is made from. */
export interface ReplacementPlace {
  readonly host: string
  readonly template: TemplateRecord
  readonly controlAddress?: string | undefined
}

/**
 * The VM that a router should be: the one that it is, where nothing differs; else one whose id follows from the one that
 * it is and from what is asked, so that a repeat names the same.
 */
export function planVm(router: Router, { host, template, controlAddress }: ReplacementPlace): RouterVm {
  const { digest, version } = template
  const asked = { host, templateDigest: digest, templateVersion: version, controlAddress }
  const same = (["host", "templateDigest", "controlAddress"] as const).every((field) => router[field] === asked[field])
  const words = `router ${router.id} after ${router.vmId} on ${host} from ${digest} at ${controlAddress ?? "link-local"}`
  return {
    vmId: same ? router.vmId : stableUuid(routerNamespace, words),
    host,
    templateDigest: digest,
    templateVersion: version,
    ...(controlAddress !== undefined && { controlAddress }),
  }
}

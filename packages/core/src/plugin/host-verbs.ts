import type { HypervisorHost } from "./hypervisor-plugin.ts"

/** The verbs that every host has, in the order of SPEC.md. */
export const hostVerbs = [
  "describeHost",
  "ensureNetwork",
  "removeNetwork",
  "listNetworks",
  "attachNic",
  "detachNic",
  "listNics",
  "observeNic",
  "findVm",
  "findVmsByName",
  "ensureTemplate",
  "listTemplates",
  "removeTemplate",
  "ensureRouter",
  "removeRouter",
  "findRouter",
  "listRouters",
  "openRouterStream",
  "close",
] as const satisfies readonly (keyof HypervisorHost)[]

/** The verbs that a host may lack. */
export const optionalHostVerbs = [
  "watch",
  "prepareRouter",
  "haltRouter",
] as const satisfies readonly (keyof HypervisorHost)[]

export type HostVerb = (typeof hostVerbs)[number] | (typeof optionalHostVerbs)[number]

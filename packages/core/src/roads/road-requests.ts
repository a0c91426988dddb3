import { z } from "zod"
import type { NetworkChange } from "../network/plan-network-change.ts"
import { parseShape } from "../network/parse-shape.ts"

/** What {@link attachNic} is asked. Parsed as unknown: a caller in JavaScript may hand in anything. */
export interface AttachNicRequest {
  /** Id or name of the network. */
  readonly network: string
  /** The NIC's id, the caller's own: a repeat names the same NIC. {@link nicIdFor} makes one. */
  readonly id: string
  /** Name of the host that the VM is on. */
  readonly host: string
  /** UUID of the VM; {@link resolveVm} finds it by name. */
  readonly vmId: string
  readonly mac?: string
  readonly requestedIpv6?: string
  readonly requestedIpv4?: string
  readonly hostname?: string
  readonly isDefault?: boolean
}

export interface StartRouterRequest {
  /** Id or name of the network. */
  readonly network: string
  /** Name of the host that the router VM runs on. */
  readonly host: string
  /** The router's id. Absent: made from the network's. */
  readonly id?: string
  /** Digest of a registered template. Absent: the router's own, or for a new router the one registered last. */
  readonly template?: string
  /** Default 1. */
  readonly vcpus?: number
  /** Default 256. */
  readonly memoryMiB?: number
  /** A static control address with its prefix length; absent: the EUI-64 link-local. */
  readonly controlAddress?: string
}

export interface UpgradeRouterRequest {
  /** Id or name of the network. */
  readonly network: string
  /** Digest of a registered template. Absent: the one registered last that fits the host. */
  readonly template?: string
}

export interface MoveRouterRequest {
  /** Id or name of the network. */
  readonly network: string
  /** Name of the host that the router VM is to run on. */
  readonly host: string
  /** A static control address there with its prefix length; absent: the EUI-64 link-local. */
  readonly controlAddress?: string
  /** Also when the host that it is on does not answer: whoever says so vouches that the VM there does not run. */
  readonly force?: boolean
}

export interface RemoveRouterRequest {
  /** Id or name of the network. */
  readonly network: string
  /** Also while NICs stand on the network: they keep their addresses, and nobody renews their leases. */
  readonly force?: boolean
}

const attachNicShape = z.looseObject({ network: z.string() })

/** The network that a NIC is asked on, and the rest for `planNic`. */
export function parseAttachNic(request: unknown): { readonly network: string; readonly nic: unknown } {
  const { network, ...nic } = parseShape("", attachNicShape, request)
  return { network, nic }
}

const changeNetworkShape = z.looseObject({ network: z.string() })

/** The network that is to change, and the change for the store to plan. */
export function parseChangeNetwork(request: unknown): { readonly network: string; readonly change: NetworkChange } {
  const { network, ...change } = parseShape("", changeNetworkShape, request)
  return { network, change }
}

export const startRouterShape = z.strictObject({
  network: z.string(),
  host: z.string().meta({ description: "Name of the host that the router VM runs on" }),
  id: z.string().meta({ description: "Default: one that follows from the network" }).optional(),
  template: z.string().meta({ description: "Digest of a registered template. Default: the newest" }).optional(),
  vcpus: z.int().min(1).max(16).meta({ description: "Default: 1" }).optional(),
  memoryMiB: z.int().min(128).max(65_536).meta({ description: "Default: 256" }).optional(),
  controlAddress: z
    .string()
    .meta({ description: "A static address of the control NIC with its length. Default: link-local" })
    .optional(),
})

export function parseStartRouter(request: unknown): z.output<typeof startRouterShape> {
  return parseShape("", startRouterShape, request)
}

export const upgradeRouterShape = z.strictObject({
  network: z.string(),
  template: z
    .string()
    .meta({ description: "Digest of a registered template. Default: the newest that fits the host" })
    .optional(),
})

export function parseUpgradeRouter(request: unknown): z.output<typeof upgradeRouterShape> {
  return parseShape("", upgradeRouterShape, request)
}

export const moveRouterShape = z.strictObject({
  network: z.string(),
  host: z.string().meta({ description: "Name of the host that the router VM is to run on" }),
  controlAddress: z
    .string()
    .meta({ description: "A static address of the control NIC there with its length. Default: link-local" })
    .optional(),
  force: z
    .boolean()
    .meta({ description: "Also when the host that it is on does not answer: it is dead, and its VMs do not run" })
    .default(false),
})

export function parseMoveRouter(request: unknown): z.output<typeof moveRouterShape> {
  return parseShape("", moveRouterShape, request)
}

export interface PlanRequest {
  /** Id or name of one network. Absent: all. */
  readonly network?: string
}

export interface SweepRequest {
  /** Removes what is in no record. Default false: it is only told. */
  readonly remove?: boolean
}

export const planShape = z.strictObject({
  network: z.string().meta({ description: "Id or name of one network. Default: all" }).optional(),
})

export function parsePlan(request: unknown): z.output<typeof planShape> {
  return parseShape("", planShape, request)
}

export const sweepShape = z.strictObject({
  remove: z.boolean().meta({ description: "Remove what is in no record" }).default(false),
})

export function parseSweep(request: unknown): z.output<typeof sweepShape> {
  return parseShape("", sweepShape, request)
}

const removeRouterShape = z.strictObject({ network: z.string(), force: z.boolean().default(false) })

export function parseRemoveRouter(request: unknown): z.output<typeof removeRouterShape> {
  return parseShape("", removeRouterShape, request)
}

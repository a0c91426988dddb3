import { type HostEvent, Slash64Error } from "@slash64/core"
import { z } from "zod"
import { nicKey } from "../nic/read-vifs.ts"

/** The classes that a watch asks for. */
export const watchedClasses = ["VM", "VIF", "VM_guest_metrics"] as const

const vmShape = z.object({
  uuid: z.string(),
  power_state: z.string(),
  is_a_template: z.boolean(),
  is_a_snapshot: z.boolean(),
  is_control_domain: z.boolean(),
  guest_metrics: z.string(),
})
const vifShape = z.object({
  VM: z.string(),
  currently_attached: z.boolean(),
  other_config: z.record(z.string(), z.string()),
})

/** One entry of event.from's answer; `del` has no snapshot. */
export const xapiEventShape = z.object({
  class: z.string(),
  operation: z.enum(["add", "mod", "del"]),
  ref: z.string(),
  snapshot: z.unknown().optional(),
})

export type XapiEvent = z.infer<typeof xapiEventShape>

interface SeenVm {
  readonly id: string
  readonly on: boolean
  readonly guestMetrics: string
}

interface SeenVif {
  readonly vm: string
  readonly nicId: string
  readonly attached: boolean
}

/** The VMs and our NICs of a pool as they were last seen; an object is never changed. */
export interface PoolView {
  readonly vms: ReadonlyMap<string, SeenVm>
  readonly vifs: ReadonlyMap<string, SeenVif>
}

export const emptyView: PoolView = { vms: new Map(), vifs: new Map() }

/** The view after these events. */
export function advance({ vms, vifs }: PoolView, events: readonly XapiEvent[]): PoolView {
  const next = { vms: new Map(vms), vifs: new Map(vifs) }
  for (const { class: name, operation, ref, snapshot } of events) {
    const of = name.toLowerCase()
    if (of === "vm") put(next.vms, ref, operation === "del" ? undefined : toVm(snapshot))
    if (of === "vif") put(next.vifs, ref, operation === "del" ? undefined : toVif(snapshot))
  }
  return next
}

/** What happened between two views. A NIC that goes with its VM, or with the VM's stop, is not told of its own. */
export function compare(before: PoolView, after: PoolView): readonly HostEvent[] {
  const events: HostEvent[] = []
  for (const [ref, { id, on }] of before.vms) {
    const now = after.vms.get(ref)
    if (now === undefined) events.push({ kind: "vm-gone", vmId: id })
    else if (on && !now.on) events.push({ kind: "vm-stopped", vmId: id })
  }
  for (const [ref, { id, on }] of after.vms) {
    if (on && before.vms.get(ref)?.on !== true) events.push({ kind: "vm-started", vmId: id })
  }
  for (const [ref, { vm, nicId, attached }] of before.vifs) {
    const stillOn = before.vms.get(vm)?.on === true && after.vms.get(vm)?.on === true
    const vmId = after.vms.get(vm)?.id
    if (vmId === undefined || !stillOn || !attached || after.vifs.get(ref)?.attached === true) continue
    events.push({ kind: "nic-unplugged", vmId, nicId })
  }
  return events
}

function put<T>(map: Map<string, T>, ref: string, value: T | undefined): void {
  if (value === undefined) map.delete(ref)
  else map.set(ref, value)
}

function toVm(snapshot: unknown): SeenVm | undefined {
  const { uuid, power_state, guest_metrics, ...kinds } = read(vmShape, snapshot)
  if (kinds.is_a_template || kinds.is_a_snapshot || kinds.is_control_domain) return undefined
  return { id: uuid, on: power_state === "Running" || power_state === "Paused", guestMetrics: guest_metrics }
}

function toVif(snapshot: unknown): SeenVif | undefined {
  const { VM: vm, currently_attached: attached, other_config } = read(vifShape, snapshot)
  const { [nicKey]: nicId } = other_config
  return nicId === undefined ? undefined : { vm, nicId, attached }
}

function read<T>(shape: z.ZodType<T>, snapshot: unknown): T {
  const parsed = shape.safeParse(snapshot)
  if (parsed.success) return parsed.data
  throw new Slash64Error("INTERNAL", "event.from gave an object that we cannot read", {
    hint: "Please report this with the version of the pool.",
    cause: parsed.error,
  })
}

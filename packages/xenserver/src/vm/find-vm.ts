import { type Call, type HostVm, Slash64Error, parseUuid } from "@slash64/core"
import { z } from "zod"
import { isNative } from "../errors/translate-xapi.ts"
import { readRecords } from "../xapi/read-records.ts"
import type { Xapi } from "../xapi/xapi.ts"

const vmShape = z.object({
  uuid: z.string(),
  name_label: z.string(),
  power_state: z.enum(["Halted", "Paused", "Running", "Suspended"]),
  domid: z.number(),
  is_a_template: z.boolean(),
  is_a_snapshot: z.boolean(),
  is_control_domain: z.boolean(),
})

export type Vm = z.infer<typeof vmShape> & { readonly ref: string }

export async function findVm(xapi: Xapi, vmId: string, { signal }: Call): Promise<HostVm | undefined> {
  const vm = await readVm(xapi, vmId, signal)
  return vm && toHostVm(vm)
}

export async function findVmsByName(xapi: Xapi, name: string, { signal }: Call): Promise<readonly HostVm[]> {
  return (await readVms(xapi, signal)).filter((vm) => vm.name_label === name).map(toHostVm)
}

/** Undefined when there is none of this UUID that a user may run. */
export async function readVm(xapi: Xapi, vmId: string, signal: AbortSignal): Promise<Vm | undefined> {
  try {
    const ref = await xapi.read(z.string(), signal, "VM.get_by_uuid", parseUuid("vmId", vmId))
    const vm = { ...(await xapi.read(vmShape, signal, "VM.get_record", ref)), ref }
    return isUsers(vm) ? vm : undefined
  } catch (error) {
    if (isNative(error, "UUID_INVALID", "HANDLE_INVALID")) return undefined
    throw error
  }
}

export async function requireVm(xapi: Xapi, vmId: string, signal: AbortSignal): Promise<Vm> {
  const vm = await readVm(xapi, vmId, signal)
  if (vm !== undefined) return vm
  throw new Slash64Error("NOT_FOUND", `the VM ${vmId} is not on this pool`, {
    field: "vmId",
    value: vmId,
    hint: "See `xe vm-list`.",
  })
}

export async function readVms(xapi: Xapi, signal: AbortSignal): Promise<readonly Vm[]> {
  return (await readRecords(xapi, "VM", vmShape, signal)).filter(isUsers)
}

function isUsers(vm: Vm): boolean {
  return !vm.is_a_template && !vm.is_a_snapshot && !vm.is_control_domain
}

export function isOn({ power_state }: Vm): boolean {
  return power_state === "Running" || power_state === "Paused"
}

function toHostVm(vm: Vm): HostVm {
  return { id: vm.uuid, name: vm.name_label, running: isOn(vm), persistent: true }
}

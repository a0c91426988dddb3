import { z } from "zod"
import { isNative } from "../errors/translate-xapi.ts"
import type { Xapi } from "../xapi/xapi.ts"

export const ownVmShape = z.object({
  uuid: z.string(),
  name_label: z.string(),
  power_state: z.enum(["Halted", "Paused", "Running", "Suspended"]),
  is_a_template: z.boolean(),
  is_a_snapshot: z.boolean(),
  other_config: z.record(z.string(), z.string()),
  VBDs: z.array(z.string()),
  VIFs: z.array(z.string()),
  VCPUs_max: z.number(),
  VCPUs_at_startup: z.number(),
  memory_static_max: z.number(),
})

/** A VM that we have made, a template or a router, as much as we read of it. */
export type OwnVm = z.infer<typeof ownVmShape> & { readonly ref: string }

/** Undefined when there is none of this UUID. */
export async function readOwnVm(xapi: Xapi, uuid: string, signal: AbortSignal): Promise<OwnVm | undefined> {
  return unlessGone(async () => {
    const ref = await xapi.read(z.string(), signal, "VM.get_by_uuid", uuid)
    return { ...(await xapi.read(ownVmShape, signal, "VM.get_record", ref)), ref }
  })
}

/** Those of this name; whether they are ours is for the caller to see by their marks. */
export async function readVmsNamed(xapi: Xapi, name: string, signal: AbortSignal): Promise<readonly OwnVm[]> {
  const vms: OwnVm[] = []
  for (const ref of await xapi.read(z.array(z.string()), signal, "VM.get_by_name_label", name)) {
    const vm = await unlessGone(() => xapi.read(ownVmShape, signal, "VM.get_record", ref))
    if (vm !== undefined && !vm.is_a_snapshot) vms.push({ ...vm, ref })
  }
  return vms
}

/** What is removed while it is looked up is not there. */
export async function unlessGone<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    if (isNative(error, "UUID_INVALID", "HANDLE_INVALID")) return undefined
    throw error
  }
}

import { z } from "zod"
import { unlessGone } from "../vm/own-vm.ts"
import { type Xapi, nullRef } from "../xapi/xapi.ts"

const vbdShape = z.object({
  VM: z.string(),
  VDI: z.string(),
  userdevice: z.string(),
  type: z.string(),
  empty: z.boolean(),
})
const vdiShape = z.object({
  uuid: z.string(),
  name_label: z.string(),
  virtual_size: z.number(),
  VBDs: z.array(z.string()),
  is_a_snapshot: z.boolean(),
  other_config: z.record(z.string(), z.string()),
})

/** A disk in the place where a VM has it. */
export interface Drive extends z.infer<typeof vbdShape> {
  readonly ref: string
}

export type Disk = z.infer<typeof vdiShape> & { readonly ref: string }

export async function readDrives(
  xapi: Xapi,
  { VBDs }: { readonly VBDs: readonly string[] },
  signal: AbortSignal,
): Promise<readonly Drive[]> {
  const drives: Drive[] = []
  for (const ref of VBDs) {
    const vbd = await unlessGone(() => xapi.read(vbdShape, signal, "VBD.get_record", ref))
    if (vbd !== undefined && vbd.type === "Disk" && !vbd.empty && vbd.VDI !== nullRef) drives.push({ ...vbd, ref })
  }
  return drives
}

export async function readDisk(xapi: Xapi, ref: string, signal: AbortSignal): Promise<Disk | undefined> {
  const vdi = await unlessGone(() => xapi.read(vdiShape, signal, "VDI.get_record", ref))
  return vdi && { ...vdi, ref }
}

/** Those of this name; whether they are ours is for the caller to see by their marks. */
export async function readDisksNamed(xapi: Xapi, name: string, signal: AbortSignal): Promise<readonly Disk[]> {
  const disks: Disk[] = []
  for (const ref of await xapi.read(z.array(z.string()), signal, "VDI.get_by_name_label", name)) {
    const disk = await readDisk(xapi, ref, signal)
    if (disk !== undefined && !disk.is_a_snapshot) disks.push(disk)
  }
  return disks
}

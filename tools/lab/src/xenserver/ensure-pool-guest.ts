import { stat } from "node:fs/promises"
import { z } from "zod"
import type { XapiSession } from "./xapi-session.ts"

/** Stands in `other_config` of what is the lab's; its value is the lab's directory. */
const mark = "slash64-lab"
/** Stands beside it when the disk is written. */
const written = "slash64-lab-written"
const noRef = "OpaqueRef:NULL"
const memoryBytes = 256 * 1024 * 1024

const marked = { uuid: z.string(), other_config: z.record(z.string(), z.string()) }
const vmShape = z.object({ ...marked, power_state: z.string(), VBDs: z.array(z.string()) })
const diskShape = z.object(marked)

export interface PoolGuest {
  /** UUID of the lab in whose directory it belongs. */
  readonly lab: string
  readonly name: string
  /** A raw disk that it boots from. */
  readonly disk: string
}

/** The lab's guest is there and runs, with no NIC of ours yet; gives its UUID. One that runs already is left as it is. */
export async function ensurePoolGuest(xapi: XapiSession, guest: PoolGuest): Promise<string> {
  const { ref, vm } = (await findMarked(xapi, "VM", vmShape, guest.lab)) ?? (await createVm(xapi, guest))
  if (vm.power_state === "Running") return vm.uuid
  if (vm.VBDs.length === 0) {
    const disk = await ensureDisk(xapi, guest)
    await xapi.call(z.string(), "VBD.create", {
      VM: ref,
      VDI: disk,
      userdevice: "0",
      bootable: true,
      mode: "RW",
      type: "Disk",
      empty: false,
      other_config: {},
      qos_algorithm_type: "",
      qos_algorithm_params: {},
    })
  }
  await xapi.call(z.unknown(), "VM.start", ref, false, false)
  return vm.uuid
}

/** Undefined where there is none of that lab, or it does not run. */
export async function findPoolGuest(xapi: XapiSession, lab: string): Promise<z.infer<typeof vmShape> | undefined> {
  return (await findMarked(xapi, "VM", vmShape, lab))?.vm
}

type Marked = z.infer<typeof diskShape>

async function findMarked<T extends Marked>(xapi: XapiSession, kind: "VM" | "VDI", shape: z.ZodType<T>, lab: string) {
  const records = await xapi.call(z.record(z.string(), shape), `${kind}.get_all_records`)
  const found = Object.entries(records).find(([, { other_config }]) => other_config[mark] === lab)
  return found === undefined ? undefined : { ref: found[0], vm: found[1] }
}

/** Marked from its beginning, so that a repeat finds it. */
async function createVm(xapi: XapiSession, { lab, name }: PoolGuest) {
  const ref = await xapi.call(z.string(), "VM.create", {
    name_label: name,
    name_description: "",
    user_version: 1,
    is_a_template: false,
    affinity: noRef,
    memory_static_max: memoryBytes,
    memory_dynamic_max: memoryBytes,
    memory_dynamic_min: memoryBytes,
    memory_static_min: memoryBytes,
    VCPUs_params: {},
    VCPUs_max: 1,
    VCPUs_at_startup: 1,
    actions_after_shutdown: "destroy",
    actions_after_reboot: "restart",
    actions_after_crash: "restart",
    PV_bootloader: "",
    PV_kernel: "",
    PV_ramdisk: "",
    PV_args: "",
    PV_bootloader_args: "",
    PV_legacy_args: "",
    HVM_boot_policy: "BIOS order",
    HVM_boot_params: { order: "c" },
    platform: { acpi: "1", apic: "true", pae: "true", nx: "true" },
    PCI_bus: "",
    other_config: { [mark]: lab },
    recommendations: "",
  })
  return { ref, vm: await xapi.call(vmShape, "VM.get_record", ref) }
}

/** A half-written one is written anew. */
async function ensureDisk(xapi: XapiSession, { lab, name, disk }: PoolGuest): Promise<string> {
  const found = await findMarked(xapi, "VDI", diskShape, lab)
  if (found?.vm.other_config[written] === "true") return found.ref
  if (found !== undefined) await xapi.call(z.unknown(), "VDI.destroy", found.ref)
  const [pool] = await xapi.call(z.array(z.string()), "pool.get_all")
  const vdi = await xapi.call(z.string(), "VDI.create", {
    name_label: name,
    name_description: "",
    SR: await xapi.call(z.string(), "pool.get_default_SR", pool),
    virtual_size: (await stat(disk)).size,
    type: "user",
    sharable: false,
    read_only: false,
    other_config: { [mark]: lab },
  })
  await xapi.upload(vdi, disk)
  await xapi.call(z.unknown(), "VDI.add_to_other_config", vdi, written, "true")
  return vdi
}

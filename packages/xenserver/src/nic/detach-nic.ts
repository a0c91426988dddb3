import { type Call, type NicRef, parseId, parseUuid } from "@slash64/core"
import { z } from "zod"
import { isNative } from "../errors/translate-xapi.ts"
import { gone } from "../network/remove-network.ts"
import { readVm } from "../vm/find-vm.ts"
import type { Xapi } from "../xapi/xapi.ts"
import { type Vif, readVifs } from "./read-vifs.ts"

/** Unplugs the NIC where the VM runs, then takes it away for good. */
export async function detachNic(xapi: Xapi, nic: NicRef, { signal }: Call): Promise<void> {
  parseId("nic.id", nic.id)
  const vm = await readVm(xapi, parseUuid("vmId", nic.vmId), signal)
  if (vm === undefined) return
  // Two, where two programs made it at once and one of them was cut off before it looked.
  const vifs = (await readVifs(xapi, signal)).filter((one) => one.nicId === nic.id && one.VM === vm.ref)
  for (const vif of vifs) await removeVif(xapi, vif, signal)
}

/** Absent: success. */
export async function removeVif(xapi: Xapi, vif: Vif, signal: AbortSignal): Promise<void> {
  if (vif.currently_attached) await unplug(xapi, vif.ref, signal)
  await gone(xapi.change(z.literal(""), signal, "VIF.destroy", vif.ref))
}

async function unplug(xapi: Xapi, vif: string, signal: AbortSignal): Promise<void> {
  try {
    await xapi.change(z.literal(""), signal, "VIF.unplug", vif)
  } catch (error) {
    // The VM stopped, or somebody else was faster.
    if (!isNative(error, "DEVICE_ALREADY_DETACHED", "VM_BAD_POWER_STATE", "HANDLE_INVALID")) throw error
  }
}

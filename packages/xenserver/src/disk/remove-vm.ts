import { z } from "zod"
import { isNative } from "../errors/translate-xapi.ts"
import { gone } from "../network/remove-network.ts"
import type { OwnVm } from "../vm/own-vm.ts"
import type { Xapi } from "../xapi/xapi.ts"
import { readDrives } from "./read-disks.ts"

const nothing = z.literal("")

/**
 * Takes a VM of ours away with the disks in these places. They go first: XAPI leaves the disks of a VM that is
 * destroyed, and then nothing would lead to them.
 */
export async function removeVm(xapi: Xapi, vm: OwnVm, places: readonly string[], signal: AbortSignal): Promise<void> {
  if (vm.power_state !== "Halted") await powerOff(xapi, vm, signal)
  for (const { VDI, userdevice } of await readDrives(xapi, vm, signal)) {
    if (places.includes(userdevice)) await gone(xapi.change(nothing, signal, "VDI.destroy", VDI))
  }
  await gone(xapi.change(nothing, signal, "VM.destroy", vm.ref))
}

/** At once, as by the switch. Halted: success. */
export async function powerOff(xapi: Xapi, vm: OwnVm, signal: AbortSignal): Promise<void> {
  try {
    await gone(xapi.change(nothing, signal, "VM.hard_shutdown", vm.ref))
  } catch (error) {
    // It stopped by itself.
    if (!isNative(error, "VM_BAD_POWER_STATE")) throw error
  }
}

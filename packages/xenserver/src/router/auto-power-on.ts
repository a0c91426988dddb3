import { z } from "zod"
import { isNative } from "../errors/translate-xapi.ts"
import { autoPowerOnKey } from "../template/template-vm.ts"
import type { OwnVm } from "../vm/own-vm.ts"
import type { Xapi } from "../xapi/xapi.ts"

const nothing = z.literal("")

/** Whether the VM starts with its host. XAPI has no call that replaces the value of a key. */
export async function setAutoPowerOn(xapi: Xapi, vm: OwnVm, on: boolean, signal: AbortSignal): Promise<void> {
  if (vm.other_config[autoPowerOnKey] === String(on)) return
  await xapi.change(nothing, signal, "VM.remove_from_other_config", vm.ref, autoPowerOnKey)
  try {
    await xapi.change(nothing, signal, "VM.add_to_other_config", vm.ref, autoPowerOnKey, String(on))
  } catch (error) {
    // Another program was faster.
    if (!isNative(error, "MAP_DUPLICATE_KEY")) throw error
  }
}

import { type Call, parseId } from "@slash64/core"
import { powerOff } from "../disk/remove-vm.ts"
import type { HostParts } from "../parts.ts"
import { setAutoPowerOn } from "./auto-power-on.ts"
import { findOwnRouter } from "./find-router.ts"

/** The router does not run, nor after a start of the host; its disks stay. Without a shutdown: its guests wait. */
export async function haltRouter({ xapi }: HostParts, id: string, { signal }: Call): Promise<void> {
  const found = await findOwnRouter(xapi, parseId("router.id", id), signal)
  if (found === undefined) return
  await setAutoPowerOn(xapi, found.vm, false, signal)
  if (found.vm.power_state !== "Halted") await powerOff(xapi, found.vm, signal)
}

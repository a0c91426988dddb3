import { type Call, parseId } from "@slash64/core"
import type { HostParts } from "../libvirt/parts.ts"
import { findMarkedRouter } from "./find-router.ts"

/** The router does not run, nor after a start of the host; its disks stay. Without a shutdown: its guests wait. */
export async function haltRouter({ libvirt }: HostParts, routerId: string, { signal }: Call): Promise<void> {
  const found = await findMarkedRouter(libvirt, parseId("router.id", routerId), signal)
  if (found === undefined) return
  await libvirt.domains.setAutostart(found.domain.uuid, false, signal)
  await libvirt.domains.destroy(found.domain.uuid, signal)
}

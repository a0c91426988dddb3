import { type Call, parseId } from "@slash64/core"
import { removeVm } from "../disk/remove-vm.ts"
import type { HostParts } from "../parts.ts"
import { unregister } from "../pool/registry.ts"
import { findOwnRouter } from "./find-router.ts"
import { ownPlaces, removeUnregistered } from "./make-vm.ts"
import { registryKey } from "./router-mark.ts"
import { removeFreeSeeds } from "./seed-disk.ts"

/** Stops the router and takes it away with its disks; its entry in the registry, by which it is found, goes last. */
export async function removeRouter(parts: HostParts, id: string, { signal }: Call): Promise<void> {
  const { xapi } = parts
  const found = await findOwnRouter(xapi, parseId("router.id", id), signal)
  if (found !== undefined) await removeVm(xapi, found.vm, ownPlaces, signal)
  await removeUnregistered(xapi, id, found?.vm.uuid, signal)
  await removeFreeSeeds(parts, id, signal)
  await unregister(xapi, registryKey(id), signal)
}

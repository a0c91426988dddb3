import { type Call, parseId } from "@slash64/core"
import { removeVm } from "../disk/remove-vm.ts"
import { unregister } from "../pool/registry.ts"
import type { Xapi } from "../xapi/xapi.ts"
import { findOwnRouter } from "./find-router.ts"
import { ownPlaces, removeUnregistered } from "./make-vm.ts"
import { registryKey } from "./router-mark.ts"
import { removeFreeSeeds } from "./seed-disk.ts"

/** Stops the router and takes it away with its disks; its entry in the registry, by which it is found, goes last. */
export async function removeRouter(xapi: Xapi, id: string, { signal }: Call): Promise<void> {
  const found = await findOwnRouter(xapi, parseId("router.id", id), signal)
  if (found !== undefined) await removeVm(xapi, found.vm, ownPlaces, signal)
  await removeUnregistered(xapi, id, found?.vm.uuid, signal)
  await removeFreeSeeds(xapi, id, signal)
  await unregister(xapi, registryKey(id), signal)
}

import { readDisksNamed, readDrives } from "../disk/read-disks.ts"
import { removeVm } from "../disk/remove-vm.ts"
import { removeUploadTasks } from "../disk/upload-disk.ts"
import { z } from "zod"
import { isNative } from "../errors/translate-xapi.ts"
import { gone } from "../network/remove-network.ts"
import type { HostParts } from "../parts.ts"
import { readPool, readPoolTime } from "../pool/read-pool.ts"
import { register } from "../pool/registry.ts"
import { type OwnVm, readVmsNamed } from "../vm/own-vm.ts"
import type { Xapi } from "../xapi/xapi.ts"
import { type StoredTemplate, findTemplate } from "./find-template.ts"
import { digestKey, readMaker, templateKey, templateName } from "./template-mark.ts"

/** How old what another program has half-made must be before it counts as cut off. */
const abandonedMs = 15 * 60_000

/** Registers a VM that has its disk: it is made no sooner than what arrived was read back. */
export async function finishUnfinished(
  xapi: Xapi,
  digest: string,
  signal: AbortSignal,
): Promise<StoredTemplate | undefined> {
  for (const vm of await readMarkedVms(xapi, digest, signal)) {
    if ((await readDrives(xapi, vm, signal)).length === 0) continue
    await register(xapi, templateKey(digest), vm.uuid, signal)
    return findTemplate(xapi, digest, signal)
  }
  return undefined
}

/** Takes away what this connection, or anybody long ago, has begun and not finished. */
export async function removeUnfinished(parts: HostParts, digest: string, signal: AbortSignal): Promise<void> {
  const { xapi } = parts
  const pool = await readPool(xapi, signal)
  const registered = pool.other_config[templateKey(digest)]
  let now: number | undefined
  await removeMarked(parts, digest, signal, async ({ uuid, other_config }) => {
    if (uuid === registered) return false
    const { by, since } = readMaker(other_config)
    if (by === parts.maker) return true
    now ??= await readPoolTime(xapi, pool, signal)
    return now - since > abandonedMs
  })
}

type Marked = Pick<OwnVm, "uuid" | "other_config">

/** Takes away the VMs and VDIs of a template that the choice names. */
export async function removeMarked(
  parts: HostParts,
  digest: string,
  signal: AbortSignal,
  isChosen: (one: Marked) => boolean | Promise<boolean>,
): Promise<void> {
  const { xapi } = parts
  for (const vm of await readMarkedVms(xapi, digest, signal)) {
    if (await isChosen(vm)) await removeVm(xapi, vm, ["0"], signal)
  }
  for (const disk of await readDisksNamed(xapi, templateName(digest), signal)) {
    // What has a VM belongs to that: to the template, or to a router that was cloned of it just now.
    if (disk.other_config[digestKey] !== digest || disk.VBDs.length > 0 || !(await isChosen(disk))) continue
    await removeUploadTasks(parts, disk, signal)
    await removeDisk(xapi, disk.ref, signal)
  }
}

async function readMarkedVms(xapi: Xapi, digest: string, signal: AbortSignal): Promise<readonly OwnVm[]> {
  const named = await readVmsNamed(xapi, templateName(digest), signal)
  return named.filter(({ other_config }) => other_config[digestKey] === digest)
}

async function removeDisk(xapi: Xapi, vdi: string, signal: AbortSignal): Promise<void> {
  try {
    await gone(xapi.change(z.literal(""), signal, "VDI.destroy", vdi))
  } catch (error) {
    // XAPI has not noticed yet that its upload was cut off; the next call finds it again.
    if (!isNative(error, "VDI_IN_USE", "OTHER_OPERATION_IN_PROGRESS")) throw error
  }
}

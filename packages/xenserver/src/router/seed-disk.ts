import { createHash } from "node:crypto"
import { z } from "zod"
import { createDisk } from "../disk/create-disk.ts"
import { createDrive } from "../disk/create-drive.ts"
import { type Disk, readDisk, readDisksNamed, readDrives } from "../disk/read-disks.ts"
import { removeUploadTasks, uploadDisk } from "../disk/upload-disk.ts"
import { isNative } from "../errors/translate-xapi.ts"
import { gone } from "../network/remove-network.ts"
import type { HostParts } from "../parts.ts"
import type { OwnVm } from "../vm/own-vm.ts"
import type { Xapi } from "../xapi/xapi.ts"
import { seedPlace, takenAway } from "./make-vm.ts"
import { seedDigestKey, seedKey, seedName } from "./router-mark.ts"

const nothing = z.literal("")

/**
 * The router has its seed, as it was when the router was made. The disk bears the digest of what was written once
 * it is whole; until then it is written again. A HVM guest's disks must be writable in XAPI: nobody writes to it.
 */
export async function ensureSeed(
  parts: HostParts,
  id: string,
  vm: OwnVm,
  { seed, storage }: { readonly seed: Buffer; readonly storage: string },
  signal: AbortSignal,
): Promise<void> {
  const { xapi } = parts
  const disk = (await findSeed(xapi, vm, signal)) ?? (await makeSeed(xapi, id, vm, { seed, storage }, signal))
  if (disk.other_config[seedDigestKey] !== undefined) return
  const open = async function* (): AsyncGenerator<Uint8Array> {
    yield seed
  }
  await uploadDisk(parts, disk, { format: "raw", length: seed.length, open }, signal)
  const digest = createHash("sha256").update(seed).digest("hex")
  try {
    await xapi.change(nothing, signal, "VDI.add_to_other_config", disk.ref, seedDigestKey, digest)
  } catch (error) {
    if (!isNative(error, "MAP_DUPLICATE_KEY")) throw error
  }
}

/** Takes away the seed disks of a router that no VM has. */
export async function removeFreeSeeds(parts: HostParts, id: string, signal: AbortSignal): Promise<void> {
  for (const disk of await readFreeSeeds(parts.xapi, id, signal)) {
    await removeUploadTasks(parts, disk, signal)
    await gone(parts.xapi.change(nothing, signal, "VDI.destroy", disk.ref))
  }
}

async function findSeed(xapi: Xapi, vm: OwnVm, signal: AbortSignal): Promise<Disk | undefined> {
  const drive = (await readDrives(xapi, vm, signal)).find(({ userdevice }) => userdevice === seedPlace)
  return drive && readDisk(xapi, drive.VDI, signal)
}

async function makeSeed(
  xapi: Xapi,
  id: string,
  vm: OwnVm,
  { seed, storage: SR }: { readonly seed: Buffer; readonly storage: string },
  signal: AbortSignal,
): Promise<Disk> {
  const [left] = await readFreeSeeds(xapi, id, signal)
  const record = { SR, name_label: seedName(id), virtual_size: seed.length, type: "user" } as const
  const VDI = left?.ref ?? (await createDisk(xapi, { ...record, other_config: { [seedKey]: id } }, signal)).ref
  if (!(await createDrive(xapi, { VM: vm.ref, VDI, userdevice: seedPlace, mode: "RW" }, signal))) {
    // Another program was faster: with a disk of its own, or with this one.
    const own = await readDisk(xapi, VDI, signal)
    if (own?.VBDs.length === 0) await gone(xapi.change(nothing, signal, "VDI.destroy", VDI))
  }
  // Its VBDs are others than those that were read before.
  const VBDs = await xapi.read(z.array(z.string()), signal, "VM.get_VBDs", vm.ref)
  const made = await findSeed(xapi, { ...vm, VBDs }, signal)
  if (made === undefined) throw takenAway(id)
  return made
}

async function readFreeSeeds(xapi: Xapi, id: string, signal: AbortSignal): Promise<readonly Disk[]> {
  const named = await readDisksNamed(xapi, seedName(id), signal)
  return named.filter((disk) => disk.other_config[seedKey] === id && disk.VBDs.length === 0)
}

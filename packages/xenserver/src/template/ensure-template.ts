import {
  type Call,
  type HostTemplate,
  type TemplateSpec,
  checkAborted,
  invalid,
  isSlash64Error,
  otherDigest,
  parseTemplateDigest,
} from "@slash64/core"
import { createReadStream } from "node:fs"
import { z } from "zod"
import { createDisk } from "../disk/create-disk.ts"
import { createDrive } from "../disk/create-drive.ts"
import { type DiskFormat, type Image, readImage, sha256 } from "../disk/image.ts"
import { removeVm } from "../disk/remove-vm.ts"
import { requireStorage } from "../disk/storage.ts"
import { type DiskRef, uploadDisk } from "../disk/upload-disk.ts"
import type { HostParts } from "../parts.ts"
import { readPool, readPoolTime } from "../pool/read-pool.ts"
import { register } from "../pool/registry.ts"
import { readOwnVm } from "../vm/own-vm.ts"
import type { Xapi } from "../xapi/xapi.ts"
import { findTemplate, toHostTemplate } from "./find-template.ts"
import { type Maker, markOf, templateKey, templateName } from "./template-mark.ts"
import { templateVmRecord } from "./template-vm.ts"
import { finishUnfinished, removeUnfinished } from "./unfinished.ts"

const bootPlace = "0"
const cleanUpMs = 10_000

/**
 * Uploads the template unless it is there whole, reads it back, and only then makes a VM of it and registers that.
 * Of two that do so at once one is registered, and the other takes its own away again.
 */
export async function ensureTemplate(parts: HostParts, template: TemplateSpec, call: Call): Promise<HostTemplate> {
  const { xapi, config } = parts
  const { signal } = call
  const { digest } = template
  checkAborted(signal)
  const format = checkTemplate(template)
  const known = (await findTemplate(xapi, digest, signal)) ?? (await finishUnfinished(xapi, digest, signal))
  await removeUnfinished(parts, digest, signal)
  if (known !== undefined) return toHostTemplate(known)
  const image = await readImage(template, format, call)
  const storage = await requireStorage(xapi, config, signal)
  const maker = { by: parts.maker, since: await readPoolTime(xapi, await readPool(xapi, signal), signal) }
  try {
    const vdi = await uploadImage(parts, template, image, { storage, maker }, call)
    await registerVm(xapi, template, vdi, maker, signal)
  } catch (error) {
    await cleanUp(parts, digest, error, signal)
    throw error
  }
  const made = await findTemplate(xapi, digest, signal)
  if (made === undefined) throw otherDigest(digest, "it was taken away while it was made")
  return toHostTemplate(made)
}

function checkTemplate({ digest, format }: TemplateSpec): DiskFormat {
  parseTemplateDigest("template.digest", digest)
  if (format !== "qcow2") return format
  throw invalid("template.format", format, "not for XAPI", "Give the vhd or raw image of the template.")
}

async function uploadImage(
  parts: HostParts,
  template: TemplateSpec,
  image: Image,
  { storage, maker }: { readonly storage: string; readonly maker: Maker },
  call: Call,
): Promise<DiskRef> {
  const { xapi } = parts
  const { signal } = call
  const { format, length } = image
  const disk = {
    SR: storage,
    name_label: templateName(template.digest),
    virtual_size: image.virtualSize,
    type: "system",
    other_config: markOf(template, maker),
  } as const
  const vdi = await createDisk(xapi, disk, signal)
  const open = () => withProgress(createReadStream(image.file), "uploading router template", length, call)
  await uploadDisk(parts, vdi, { format, length, open }, signal)
  const { virtualSize } = image
  const arrived = await xapi.download(signal, vdi.ref, async (body) => {
    const seen = withProgress(firstOf(body, virtualSize), "verifying router template", virtualSize, call)
    return sha256(seen, signal)
  })
  if (arrived !== image.content) throw otherDigest(template.digest, `what arrived is not it: sha256:${arrived}`)
  return vdi
}

async function registerVm(
  xapi: Xapi,
  template: TemplateSpec,
  vdi: DiskRef,
  maker: Maker,
  signal: AbortSignal,
): Promise<void> {
  const VM = await xapi.change(z.string(), signal, "VM.create", templateVmRecord(template, maker))
  await createDrive(xapi, { VM, VDI: vdi.ref, userdevice: bootPlace, mode: "RW" }, signal)
  const uuid = await xapi.read(z.string(), signal, "VM.get_uuid", VM)
  if (await register(xapi, templateKey(template.digest), uuid, signal)) return
  const own = await readOwnVm(xapi, uuid, signal)
  if (own !== undefined) await removeVm(xapi, own, [bootPlace], signal)
}

/** Storage gives back the disk that it made, which may be a little longer. */
async function* firstOf(body: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array> {
  let left = bytes
  for await (const chunk of body) {
    yield chunk.subarray(0, left)
    left -= Math.min(left, chunk.length)
    if (left === 0) return
  }
}

async function* withProgress(
  chunks: AsyncIterable<Uint8Array>,
  step: string,
  total: number,
  call: Call,
): AsyncGenerator<Uint8Array> {
  let done = 0
  for await (const chunk of chunks) {
    done += chunk.length
    call.report({ step, done, total, unit: "bytes" })
    yield chunk
  }
}

/** Only where XAPI answers and the caller still waits; else the next call finds what is left. */
async function cleanUp(parts: HostParts, digest: string, error: unknown, signal: AbortSignal): Promise<void> {
  if (signal.aborted || (isSlash64Error(error) && error.code === "UNAVAILABLE")) return
  await removeUnfinished(parts, digest, AbortSignal.timeout(cleanUpMs)).catch(() => undefined)
}

import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { stat } from "node:fs/promises"
import {
  type Call,
  type HostTemplate,
  Slash64Error,
  type TemplateSpec,
  checkAborted,
  checkTemplateFile,
  invalid,
  otherDigest,
  parseTemplateDigest,
} from "@slash64/core"
import { isNative } from "../errors/translate-libvirt.ts"
import type { HostParts } from "../libvirt/parts.ts"
import { findTemplate, toHostTemplate } from "./find-template.ts"
import { type Storage, ensureStorage } from "./storage.ts"
import { type TemplateMarker, imagePrefix, markerName, newImageName, rawVolumeXml } from "./template-volumes.ts"

/** How long after its last write an upload without a marker counts as cut off. */
const abandonedMs = 15 * 60_000

/** Uploads the template unless it is there whole, reads it back, and only then says that it is there. */
export async function ensureTemplate(parts: HostParts, template: TemplateSpec, call: Call): Promise<HostTemplate> {
  const { signal } = call
  checkAborted(signal)
  const format = checkTemplate(template)
  const known = await findTemplate(parts, template.digest, signal)
  if (known !== undefined) return toHostTemplate(known)
  await checkTemplateFile(template, call)
  const storage = await ensureStorage(parts.libvirt, parts.config, signal)
  await removeAbandoned(parts, storage, template.digest, signal)
  const image = newImageName(template.digest)
  try {
    await uploadImage(parts, storage, template, image, call)
    await checkImage(parts, storage, template, image, call)
    await writeMarker(parts, storage, template.digest, { image, version: template.version, format }, signal)
  } catch (error) {
    // The caller's signal may be what ended it.
    await parts.libvirt.pools.deleteVolume(storage.pool, image, AbortSignal.timeout(10_000)).catch(() => {})
    throw error
  }
  const made = await findTemplate(parts, template.digest, signal)
  if (made === undefined) throw otherDigest(template.digest, "the marker cannot be read back")
  // Somebody else was first: theirs counts.
  if (made.image !== image) await parts.libvirt.pools.deleteVolume(storage.pool, image, signal)
  return toHostTemplate(made)
}

function checkTemplate(template: TemplateSpec): "qcow2" | "raw" {
  parseTemplateDigest("template.digest", template.digest)
  if (template.format !== "vhd") return template.format
  throw invalid("template.format", template.format, "not for KVM", "Give the qcow2 or raw image of the template.")
}

async function uploadImage(
  parts: HostParts,
  storage: Storage,
  template: TemplateSpec,
  image: string,
  call: Call,
): Promise<void> {
  const { pools } = parts.libvirt
  const { size } = await stat(template.file)
  // A disk that fills up under an upload is not always an error to libvirt 9.0: what arrived is then not whole.
  const free = await pools.available(storage.pool, call.signal)
  if (free < size) throw noSpace(storage, size, free)
  await pools.createVolume(storage.pool, rawVolumeXml(image, size, "0644").markup, call.signal)
  async function* withProgress(): AsyncGenerator<Uint8Array> {
    let done = 0
    for await (const chunk of createReadStream(template.file, { highWaterMark: 256 * 1024 })) {
      const bytes = Buffer.from(chunk)
      done += bytes.length
      call.report({ step: "uploading router template", done, total: size, unit: "bytes" })
      yield bytes
    }
  }
  await pools.upload(storage.pool, image, withProgress(), size, call.signal)
}

async function checkImage(
  parts: HostParts,
  storage: Storage,
  template: TemplateSpec,
  image: string,
  call: Call,
): Promise<void> {
  const hash = createHash("sha256")
  let done = 0
  for await (const chunk of await parts.libvirt.pools.download(storage.pool, image, call.signal)) {
    const bytes = Buffer.from(chunk)
    done += bytes.length
    hash.update(bytes)
    call.report({ step: "verifying router template", done, unit: "bytes" })
  }
  const digest = `sha256:${hash.digest("hex")}`
  if (digest !== template.digest) throw otherDigest(template.digest, `what arrived has ${digest}`)
}

async function writeMarker(
  parts: HostParts,
  storage: Storage,
  digest: string,
  marker: TemplateMarker,
  signal: AbortSignal,
): Promise<void> {
  const { pools } = parts.libvirt
  const bytes = Buffer.from(JSON.stringify(marker))
  const name = markerName(digest)
  try {
    await pools.createVolume(storage.pool, rawVolumeXml(name, bytes.length, "0644").markup, signal)
  } catch (error) {
    if (!isNative(error, "VIR_ERR_STORAGE_VOL_EXIST")) throw error
    if ((await findTemplate(parts, digest, signal)) !== undefined) return
    // Cut off between its making and its writing.
    await pools.deleteVolume(storage.pool, name, signal)
    await pools.createVolume(storage.pool, rawVolumeXml(name, bytes.length, "0644").markup, signal)
  }
  await pools.upload(storage.pool, name, [bytes], bytes.length, signal)
}

/** Uploads that ended without a marker: theirs was killed, for one that still goes on was written to just now. */
async function removeAbandoned(parts: HostParts, storage: Storage, digest: string, signal: AbortSignal): Promise<void> {
  const { pools } = parts.libvirt
  for (const { name } of await pools.volumes(storage.pool, signal)) {
    if (!name.startsWith(imagePrefix(digest))) continue
    const writtenAt = await pools.writtenAt(storage.pool, name, signal)
    if (writtenAt !== undefined && Date.now() - writtenAt > abandonedMs)
      await pools.deleteVolume(storage.pool, name, signal)
  }
}

function noSpace(storage: Storage, needed: number, free: number): Slash64Error {
  return new Slash64Error("RESOURCE_EXHAUSTED", `${storage.directory} has ${free} bytes free, ${needed} are needed`, {
    field: "storage",
    value: storage.directory,
    hint: "Free space on the host, or give another directory as storage in the host's configuration.",
  })
}

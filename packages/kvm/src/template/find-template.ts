import type { Call, HostTemplate } from "@slash64/core"
import type { Volume } from "../libvirt/libvirt.ts"
import type { HostParts } from "../libvirt/parts.ts"
import { type Storage, findStorage } from "./storage.ts"
import { type TemplateMarker, digestOfMarker, markerName, parseMarker } from "./template-volumes.ts"

/** A whole template on the host. */
export interface StoredTemplate extends TemplateMarker {
  readonly digest: string
  readonly volume: Volume
}

export async function findTemplate(
  parts: HostParts,
  digest: string,
  signal: AbortSignal,
): Promise<StoredTemplate | undefined> {
  const storage = await findStorage(parts.libvirt, parts.config, signal)
  return storage === undefined ? undefined : readTemplate(parts, storage, digest, signal)
}

export async function listTemplates(parts: HostParts, call: Call): Promise<readonly HostTemplate[]> {
  const { signal } = call
  const storage = await findStorage(parts.libvirt, parts.config, signal)
  if (storage === undefined) return []
  const volumes = await parts.libvirt.pools.volumes(storage.pool, signal)
  const digests = volumes.flatMap(({ name }) => digestOfMarker(name) ?? [])
  const templates = await Promise.all(digests.map((digest) => readTemplate(parts, storage, digest, signal)))
  return templates.flatMap((template) => (template === undefined ? [] : [toHostTemplate(template)]))
}

export function toHostTemplate({ digest, version }: StoredTemplate): HostTemplate {
  return { digest, version }
}

async function readTemplate(
  { libvirt }: HostParts,
  storage: Storage,
  digest: string,
  signal: AbortSignal,
): Promise<StoredTemplate | undefined> {
  const marker = await libvirt.pools.findVolume(storage.pool, markerName(digest), signal)
  if (marker === undefined) return undefined
  const chunks: Uint8Array[] = []
  for await (const chunk of await libvirt.pools.download(storage.pool, marker.name, signal))
    chunks.push(Buffer.from(chunk))
  const parsed = parseMarker(Buffer.concat(chunks).toString("utf8"))
  const volume = parsed === undefined ? undefined : await libvirt.pools.findVolume(storage.pool, parsed.image, signal)
  return parsed === undefined || volume === undefined ? undefined : { ...parsed, digest, volume }
}

import { type Call, Slash64Error, parseTemplateDigest } from "@slash64/core"
import type { HostParts } from "../libvirt/parts.ts"
import { listMarkedRouters } from "../router/find-router.ts"
import { findStorage } from "./storage.ts"
import { imagePrefix, markerName } from "./template-volumes.ts"

/** Removes the template, marker first, and the pool with the last volume in it. */
export async function removeTemplate(parts: HostParts, digest: string, call: Call): Promise<void> {
  const { signal } = call
  const { pools } = parts.libvirt
  parseTemplateDigest("template.digest", digest)
  const storage = await findStorage(parts.libvirt, parts.config, signal)
  if (storage === undefined) return
  const routers = await listMarkedRouters(parts.libvirt, signal)
  const user = routers.find(({ router }) => router.templateDigest === digest)
  if (user !== undefined) {
    throw new Slash64Error("FAILED_PRECONDITION", `the router ${user.router.id} stands on the template ${digest}`, {
      field: "template.digest",
      value: digest,
      hint: "Remove its routers from this host first.",
    })
  }
  await pools.deleteVolume(storage.pool, markerName(digest), signal)
  const prefix = imagePrefix(digest)
  const left = await pools.volumes(storage.pool, signal)
  for (const { name } of left) if (name.startsWith(prefix)) await pools.deleteVolume(storage.pool, name, signal)
  if (left.every(({ name }) => name.startsWith(prefix))) await pools.remove(storage.pool, signal)
}

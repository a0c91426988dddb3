import { type KvmConfig, defaultStorage } from "../config/kvm-config.ts"
import type { Libvirt } from "../libvirt/libvirt.ts"
import { Slash64Error } from "@slash64/core"
import { shortHash, uuidOf } from "../names.ts"
import { type Xml, xml } from "../xml/element.ts"
import { parseXml } from "../xml/parse-xml.ts"

/** The directory pool that holds templates, routers' disks and seeds. */
export interface Storage {
  readonly pool: string
  readonly directory: string
}

export function storageOf(config: KvmConfig): Storage {
  const directory = config.storage ?? defaultStorage
  const pool = directory === defaultStorage ? "slash64" : `slash64-${shortHash(directory, 10)}`
  return { pool, directory }
}

/** Makes the pool when it is not there. */
export async function ensureStorage(libvirt: Libvirt, config: KvmConfig, signal: AbortSignal): Promise<Storage> {
  const storage = storageOf(config)
  await findStorage(libvirt, config, signal)
  await libvirt.pools.ensure(storage.pool, poolXml(storage).markup, signal)
  return storage
}

/** The pool when it is there. ALREADY_EXISTS when a pool that is not ours has its name. */
export async function findStorage(
  libvirt: Libvirt,
  config: KvmConfig,
  signal: AbortSignal,
): Promise<Storage | undefined> {
  const storage = storageOf(config)
  const document = await libvirt.pools.find(storage.pool, signal)
  if (document === undefined) return undefined
  // A pool takes no metadata: its UUID, made from the directory, is our mark on it.
  if (parseXml(document, "pool").child("uuid")?.text === poolUuid(storage)) return storage
  throw new Slash64Error("ALREADY_EXISTS", `the host has a storage pool ${storage.pool} that is not of slash64`, {
    field: "storage",
    value: storage.directory,
    hint: `Rename that pool, or give another directory as storage in the host's configuration.`,
  })
}

/** https://libvirt.org/formatstorage.html; QEMU's user must be able to pass through the directory. */
function poolXml(storage: Storage): Xml {
  const permissions = xml("permissions", {}, xml("mode", {}, "0711"))
  return xml(
    "pool",
    { type: "dir" },
    xml("name", {}, storage.pool),
    xml("uuid", {}, poolUuid(storage)),
    xml("target", {}, xml("path", {}, storage.directory), permissions),
  )
}

function poolUuid(storage: Storage): string {
  return uuidOf("storage", storage.directory)
}

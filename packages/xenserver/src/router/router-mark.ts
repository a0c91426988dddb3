import type { HostRouter, RouterSpec } from "@slash64/core"
import { z } from "zod"
import type { RegistryKey } from "../pool/registry.ts"

/** The key of our mark on a router's VM. */
export const routerKey = "slash64:router"
/** The key on a router's seed disk: the router's id. */
export const seedKey = "slash64:seed"
/** On a seed disk that is whole: SHA-256 of its bytes. Tells one seed from another without the secret. */
export const seedDigestKey = "slash64:seed-digest"

const markShape = z.object({
  id: z.string(),
  templateDigest: z.string(),
  vcpus: z.number(),
  memoryMiB: z.number(),
  controlMac: z.string(),
  controlAddress: z.string().optional(),
  nics: z.array(z.object({ networkId: z.string(), mac: z.string() })),
})

/** A router as its mark has it: what never changes of it, and what counted when it was made. */
export interface MarkedRouter extends Omit<HostRouter, "running"> {
  readonly vcpus: number
  readonly memoryMiB: number
  readonly controlAddress?: string | undefined
}

export function toMark(router: RouterSpec): string {
  const { id, templateDigest, vcpus, memoryMiB, controlMac, controlAddress, nics } = router
  const ports = nics.map(({ networkId, mac }) => ({ networkId, mac }))
  return JSON.stringify({ id, templateDigest, vcpus, memoryMiB, controlMac, controlAddress, nics: ports })
}

/** Undefined: it bears no mark of ours. */
export function readMark(otherConfig: Readonly<Record<string, string>>): MarkedRouter | undefined {
  try {
    return markShape.parse(JSON.parse(otherConfig[routerKey] ?? ""))
  } catch {
    return undefined
  }
}

/** Of a router's VM and of its disk. It is all that a clone is given, so a clone without a mark is known by it. */
export function routerName(id: string): string {
  return `slash64 router ${id}`
}

export function seedName(id: string): string {
  return `slash64 seed ${id}`
}

export function registryKey(id: string): RegistryKey {
  return `slash64:router/${id}`
}

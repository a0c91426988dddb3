import { type HostTemplate, parseTemplateDigest } from "@slash64/core"
import { z } from "zod"
import type { RegistryKey } from "../pool/registry.ts"

/** The keys of our mark on a template's VM and its VDI. A clone of them inherits both, so the name tells it apart. */
export const digestKey = "slash64:template"
export const versionKey = "slash64:template-version"
export const makerKey = "slash64:made"

/** Who is making it, and since when by the pool's clock: what is half-made may be somebody's work. */
export interface Maker {
  readonly by: string
  readonly since: number
}

const makerShape = z.object({ by: z.string(), since: z.number() })

export function markOf({ digest, version }: HostTemplate, maker: Maker): Readonly<Record<string, string>> {
  return { [digestKey]: digest, [versionKey]: version, [makerKey]: JSON.stringify(maker) }
}

/** Of a template's VM and of its VDI. */
export function templateName(digest: string): string {
  return `slash64 template ${digest}`
}

export function templateKey(digest: string): RegistryKey {
  return `slash64:template/sha256:${parseTemplateDigest("template.digest", digest)}`
}

/** Whoever died long ago made a mark that we cannot read. */
export function readMaker(marks: Readonly<Record<string, string>>): Maker {
  try {
    return makerShape.parse(JSON.parse(marks[makerKey] ?? ""))
  } catch {
    return { by: "", since: 0 }
  }
}

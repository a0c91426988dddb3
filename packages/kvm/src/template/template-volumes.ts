import { type TemplateSpec, invalid } from "@slash64/core"
import { type Xml, xml } from "../xml/element.ts"

/** The volumes of a template: its bytes, and a marker that is written once they are whole. */
export interface TemplateVolumes {
  readonly image: string
  readonly marker: string
}

const markerPattern = /^template-([0-9a-f]{64})\.json$/

export function templateVolumes(digest: string): TemplateVolumes {
  const hex = checkDigest(digest)
  return { image: `template-${hex}.img`, marker: `template-${hex}.json` }
}

export function checkDigest(digest: string): string {
  const hex = /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1]
  if (hex !== undefined) return hex
  throw invalid("template.digest", digest, "not sha256: and 64 hex digits", "Give the digest of the template's manifest.")
}

/** The digest of a marker's name; undefined for every other volume. */
export function digestOfMarker(volume: string): string | undefined {
  const hex = markerPattern.exec(volume)?.[1]
  return hex === undefined ? undefined : `sha256:${hex}`
}

/** What the marker says. */
export interface TemplateMarker {
  readonly version: string
  readonly format: TemplateSpec["format"]
  readonly bytes: number
}

export function parseMarker(text: string): TemplateMarker | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof parsed !== "object" || parsed === null) return undefined
  const { version, format, bytes }: { version?: unknown; format?: unknown; bytes?: unknown } = parsed
  if (typeof version !== "string" || typeof bytes !== "number") return undefined
  return format === "qcow2" || format === "raw" ? { version, format, bytes } : undefined
}

/** A volume that takes `bytes` as they come. */
export function rawVolumeXml(name: string, bytes: number, mode: "0644" | "0600"): Xml {
  return xml(
    "volume",
    { type: "file" },
    xml("name", {}, name),
    xml("capacity", { unit: "bytes" }, bytes),
    xml("allocation", { unit: "bytes" }, 0),
    xml("target", {}, xml("format", { type: "raw" }), xml("permissions", {}, xml("mode", {}, mode))),
  )
}

/** An empty qcow2 over a template. */
export function overlayVolumeXml(name: string, bytes: number, backing: { readonly path: string; readonly format: string }): Xml {
  return xml(
    "volume",
    { type: "file" },
    xml("name", {}, name),
    xml("capacity", { unit: "bytes" }, bytes),
    xml("target", {}, xml("format", { type: "qcow2" }), xml("permissions", {}, xml("mode", {}, "0600"))),
    xml("backingStore", {}, xml("path", {}, backing.path), xml("format", { type: backing.format })),
  )
}

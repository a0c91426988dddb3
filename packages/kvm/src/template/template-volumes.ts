import { randomBytes } from "node:crypto"
import { parseTemplateDigest } from "@slash64/core"
import { z } from "zod"
import { type Xml, xml } from "../xml/element.ts"

/**
 * A template is a volume with its bytes and a marker volume, written once they are whole, that names it. An upload
 * has a name of its own, so that two at once do not meet, and one that was cut off is no template.
 */
export interface TemplateMarker {
  readonly image: string
  readonly version: string
  readonly format: "qcow2" | "raw"
}

const markerPattern = /^template-([0-9a-f]{64})\.json$/

export function markerName(digest: string): string {
  return `template-${parseTemplateDigest("template.digest", digest)}.json`
}

/** A name for the image of a new upload. */
export function newImageName(digest: string): string {
  return `${imagePrefix(digest)}${randomBytes(4).toString("hex")}.img`
}

/** What all uploads of this template start with. */
export function imagePrefix(digest: string): string {
  return `template-${parseTemplateDigest("template.digest", digest)}-`
}

/** The digest of a marker's name; undefined for every other volume. */
export function digestOfMarker(volume: string): string | undefined {
  const hex = markerPattern.exec(volume)?.[1]
  return hex === undefined ? undefined : `sha256:${hex}`
}

const markerSchema = z.object({
  image: z.string().regex(/^template-[0-9a-f]{64}-[0-9a-f]{8}\.img$/),
  version: z.string(),
  format: z.enum(["qcow2", "raw"]),
})

/** undefined when it is cut off or of another kind. */
export function parseMarker(text: string): TemplateMarker | undefined {
  try {
    return markerSchema.parse(JSON.parse(text))
  } catch {
    return undefined
  }
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

/** An empty qcow2 over a template, as large as it. */
export function overlayVolumeXml(name: string, backing: { readonly path: string; readonly format: string }): Xml {
  return xml(
    "volume",
    { type: "file" },
    xml("name", {}, name),
    xml("target", {}, xml("format", { type: "qcow2" }), xml("permissions", {}, xml("mode", {}, "0600"))),
    xml("backingStore", {}, xml("path", {}, backing.path), xml("format", { type: backing.format })),
  )
}

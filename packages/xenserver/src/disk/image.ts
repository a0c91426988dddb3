import { createHash } from "node:crypto"
import { stat } from "node:fs/promises"
import { type Call, type TemplateSpec, checkAborted, checkTemplateFile, parseTemplateDigest } from "@slash64/core"
import { readVhd } from "./vhd.ts"

/** What XAPI takes of a disk in. */
export type DiskFormat = "raw" | "vhd"

/** A template's file, held against its digest. */
export interface Image {
  readonly file: string
  readonly format: DiskFormat
  /** Bytes of the file. */
  readonly length: number
  /** Bytes of the disk that it describes, and their SHA-256: what XAPI gives back of it. */
  readonly virtualSize: number
  readonly content: string
}

/** NOT_FOUND when the file cannot be read, DATA_LOSS when it has another digest. */
export async function readImage(template: TemplateSpec, format: DiskFormat, call: Call): Promise<Image> {
  const { file, digest } = template
  await checkTemplateFile(template, call)
  const { size: length } = await stat(file)
  if (format === "raw") {
    return { file, format, length, virtualSize: length, content: parseTemplateDigest("template.digest", digest) }
  }
  const vhd = await readVhd(file)
  return { file, format, length, virtualSize: vhd.virtualSize, content: await sha256(vhd.content(), call.signal) }
}

export async function sha256(chunks: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256")
  for await (const chunk of chunks) {
    checkAborted(signal)
    hash.update(chunk)
  }
  return hash.digest("hex")
}

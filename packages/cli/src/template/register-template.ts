import { readFile } from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import { Slash64Error, invalid, parseShape, quote, registerTemplate as register } from "@slash64/core"
import type { TemplateRecord } from "@slash64/core"
import { z } from "zod"
import type { Answer } from "../answer.ts"
import { card } from "../output/table.ts"
import type { Session } from "../session.ts"

const imageShape = z.object({
  digest: z.string().regex(/^sha256:[\da-f]{64}$/, "is not sha256: and 64 hex digits"),
  file: z.string().regex(/^(?!\.{1,2}$)[^/\0]+$/, "is not a file beside the manifest"),
  format: z.enum(["qcow2", "raw", "vhd"]),
})

const shape = imageShape.extend({
  version: z.string().regex(/^[\w.+~:-]{1,128}$/, "is not a version"),
  /** Absent in a manifest of one image. */
  images: z.array(imageShape).min(1).optional(),
})

/** Registers every image of the manifest. DATA_LOSS when the image is not the one that the manifest describes. Repeated: success. */
export async function registerTemplate(session: Session, manifestPath: string): Promise<Answer> {
  const path = resolve(manifestPath)
  const manifest = parseShape("manifest", shape, parseJson(path, await read(path)))
  const { version, images = [manifest] } = manifest
  const rooms = await session.rooms()
  const templates: TemplateRecord[] = []
  for (const { digest, file, format } of images) {
    templates.push(await register({ version, digest, file: join(dirname(path), file), format }, rooms, session.call))
  }
  return {
    json: { template: templates[0], templates },
    text: templates.map((one) => card({ template: one.version, digest: one.digest, file: one.file })).join("\n"),
  }
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8")
  } catch (cause) {
    throw unreadable("manifest", path, cause)
  }
}

function unreadable(field: string, path: string, cause: unknown): Slash64Error {
  const missing = cause instanceof Error && "code" in cause && cause.code === "ENOENT"
  const problem = missing ? "does not exist" : "cannot be read"
  return new Slash64Error(missing ? "NOT_FOUND" : "PERMISSION_DENIED", `${field} ${quote(path)} ${problem}`, {
    field,
    value: quote(path),
    hint: "Build it: slash64 template build. Or name the manifest.json of a template that was built elsewhere.",
    cause,
  })
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw invalid("manifest", path, "is not JSON", "Name the manifest.json that the build wrote beside the image.")
  }
}

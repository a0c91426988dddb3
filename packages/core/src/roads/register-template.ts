import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { isAbsolute } from "node:path"
import { pipeline } from "node:stream/promises"
import { z } from "zod"
import { Slash64Error, quote } from "../errors.ts"
import { parseShape } from "../network/parse-shape.ts"
import type { TemplateRecord } from "../network/records.ts"
import { abortError } from "../plugin/call.ts"
import type { Call } from "../plugin/call.ts"
import { beginStep } from "./repeat.ts"
import { road } from "./road.ts"

/** What {@link registerTemplate} is asked, as the builder's manifest has it. */
export const templateShape = z.strictObject({
  digest: z
    .string()
    .regex(/^sha256:[\da-f]{64}$/, "is not sha256: and 64 hex digits")
    .meta({ description: "Of the image" }),
  version: z.string().regex(/^[\w.+~:-]{1,128}$/, "is not a version"),
  file: z
    .string()
    .refine((file) => isAbsolute(file) && !file.includes("\0"), "is not an absolute path")
    .meta({ description: "The image's absolute path, on the machine of the server" }),
  format: z.enum(["qcow2", "raw", "vhd"]),
})

/**
 * Makes a router template known, after its image was held against its digest: DATA_LOSS when that is another,
 * NOT_FOUND or PERMISSION_DENIED when the image cannot be read. Repeated: success, the file's path is brought up to date.
 */
export const registerTemplate = road("register-template", async (request: unknown, rooms, call) => {
  const { digest, version, file, format } = parseShape("", templateShape, request)
  beginStep(call, "checking the template's digest")
  const actual = `sha256:${await sha256(file, call)}`
  if (actual !== digest) {
    throw new Slash64Error("DATA_LOSS", `template ${quote(file)}: its digest is ${actual}, not ${digest}`, {
      field: "digest",
      value: digest,
      hint: "Copy the image again, or build it again: slash64 template build.",
    })
  }
  const record: TemplateRecord = { digest, version, file, format, registeredAt: new Date().toISOString() }
  return rooms.store.putTemplate(record)
})

async function sha256(file: string, call: Call): Promise<string> {
  const hash = createHash("sha256")
  try {
    await pipeline(createReadStream(file), hash, { signal: call.signal })
  } catch (cause) {
    if (call.signal.aborted) throw abortError(call.signal)
    throw unreadable(file, cause)
  }
  return hash.digest("hex")
}

function unreadable(file: string, cause: unknown): Slash64Error {
  const missing = cause instanceof Error && "code" in cause && cause.code === "ENOENT"
  const problem = missing ? "does not exist" : "cannot be read"
  return new Slash64Error(missing ? "NOT_FOUND" : "PERMISSION_DENIED", `template ${quote(file)} ${problem}`, {
    field: "template",
    value: quote(file),
    hint: "Build it: slash64 template build. Or name the image of a template that was built elsewhere.",
    cause,
  })
}

import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { pipeline } from "node:stream/promises"
import { Slash64Error, invalid, quote } from "../errors.ts"
import { abortError } from "./call.ts"
import type { Call } from "./call.ts"
import type { TemplateSpec } from "./hypervisor-plugin.ts"

/** The 64 hex digits of a template's `sha256:...`. Throws INVALID_ARGUMENT. */
export function parseTemplateDigest(field: string, digest: unknown): string {
  const hex = typeof digest === "string" ? /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1] : undefined
  if (hex !== undefined) return hex
  throw invalid(field, digest, "is not a digest", "use sha256: and 64 hex digits, as the template's manifest has it")
}

/** The template's file has its digest: NOT_FOUND when it cannot be read, DATA_LOSS when it has another. */
export async function checkTemplateFile({ file, digest }: TemplateSpec, { signal }: Call): Promise<void> {
  const hash = createHash("sha256")
  try {
    await pipeline(createReadStream(file), hash, { signal })
  } catch (cause) {
    if (signal.aborted) throw abortError(signal)
    throw new Slash64Error("NOT_FOUND", `the template's file ${quote(file)} cannot be read`, {
      field: "template.file",
      value: quote(file),
      hint: "Build the template, or name the file that the build wrote.",
      cause,
    })
  }
  const found = `sha256:${hash.digest("hex")}`
  if (found !== digest) throw otherDigest(digest, `the file has ${found}`)
}

/** DATA_LOSS: the bytes of a template, here or on the host, are others than its digest says. */
export function otherDigest(digest: string, problem: string): Slash64Error {
  return new Slash64Error("DATA_LOSS", `template.digest ${quote(digest)}: ${problem}`, {
    field: "template.digest",
    value: quote(digest),
    hint: "Build or fetch the template again, register it, and call again.",
  })
}

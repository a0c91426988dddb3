import { Slash64Error, quote } from "@slash64/core"
import { RequestError } from "./request-error.ts"

/** No request of ours is nested deeper by far. */
const depthMost = 32

const bytesMost = 256 * 1024

/** The body as a JSON object, of at most 256 KiB. Throws {@link RequestError} or INVALID_ARGUMENT. */
export async function readBody(request: Request): Promise<Readonly<Record<string, unknown>>> {
  const type = (request.headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase()
  if (type !== "application/json") {
    throw new RequestError(415, "INVALID_ARGUMENT", `content-type ${quote(type)} is not application/json`, {
      field: "content-type",
      hint: "Send JSON with content-type: application/json.",
    })
  }
  const value = parse(await readText(request))
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Slash64Error("INVALID_ARGUMENT", "the body is no JSON object", { field: "body", hint: "Send an object." })
  if (isDeep(value, depthMost)) {
    throw new Slash64Error("INVALID_ARGUMENT", `the body is nested deeper than ${depthMost}`, {
      field: "body",
      hint: "Send it as the document at /openapi.json has it.",
    })
  }
  return { ...value }
}

async function readText(request: Request): Promise<string> {
  if (Number(request.headers.get("content-length") ?? 0) > bytesMost) throw tooLarge()
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of request.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > bytesMost) throw tooLarge()
    chunks.push(chunk)
  }
  return decode(Buffer.concat(chunks))
}

/** What is not UTF-8 is refused, never replaced. */
function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes)
  } catch (cause) {
    throw notJson(cause)
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw notJson(cause)
  }
}

function notJson(cause: unknown): Slash64Error {
  const hint = "Send JSON in UTF-8 (RFC 8259)."
  return new Slash64Error("INVALID_ARGUMENT", "the body is not JSON", { field: "body", hint, cause })
}

function tooLarge(): RequestError {
  return new RequestError(413, "INVALID_ARGUMENT", `the body has more than ${bytesMost} bytes`, {
    field: "body",
    headers: { connection: "close" },
  })
}

function isDeep(value: unknown, left: number): boolean {
  if (typeof value !== "object" || value === null) return false
  return left === 0 || Object.values(value).some((one) => isDeep(one, left - 1))
}

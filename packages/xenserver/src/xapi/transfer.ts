import { once } from "node:events"
import { type IncomingMessage, request as httpRequest } from "node:http"
import { finished, pipeline } from "node:stream/promises"
import { Slash64Error, abortError, isSlash64Error } from "@slash64/core"
import type { Place } from "./open-session.ts"
import type { Upload } from "./xapi.ts"

/** Which disk, and by which session. */
export interface DiskAsk {
  readonly url: string
  readonly query: Readonly<Record<string, string>>
  /** XAPI sends whoever asks for a disk on to a host that reaches its storage. */
  readonly go: (hostname: string) => Promise<Place>
  readonly signal: AbortSignal
}

/** Sends the bytes; resolves when XAPI has taken all of them. */
export async function putDisk(ask: DiskAsk, upload: Upload): Promise<void> {
  await followed(ask, (url) => put(url, upload, ask.signal))
}

/** Hands the bytes of a disk to `read`, as many as it asks for. */
export async function getDisk<T>(ask: DiskAsk, read: (body: AsyncIterable<Uint8Array>) => Promise<T>): Promise<T> {
  return followed(ask, (url) => get(url, read, ask.signal))
}

type Answer<T> = { readonly value: T } | { readonly elsewhere: string }

/** Goes on once where it is sent. */
async function followed<T>({ url, query, go, signal }: DiskAsk, send: (url: string) => Promise<Answer<T>>): Promise<T> {
  const at = (base: string, path: string) => new URL(`/${path}?${new URLSearchParams(query).toString()}`, base).href
  const path = "task_id" in query ? "import_raw_vdi" : "export_raw_vdi"
  try {
    const first = await send(at(url, path))
    if ("value" in first) return first.value
    const there = await go(first.elsewhere)
    try {
      const second = await send(at(there.url, path))
      if ("value" in second) return second.value
    } finally {
      await there.relay?.close()
    }
  } catch (error) {
    throw told(error, path, signal)
  }
  throw new Slash64Error("UNAVAILABLE", `${path}: the hosts of the pool send the disk to one another`, {
    hint: "Call again when the storage is attached to the hosts: see `xe pbd-list`.",
  })
}

async function put(url: string, { length, open }: Upload, signal: AbortSignal): Promise<Answer<undefined>> {
  const request = httpRequest(url, { method: "PUT", headers: { "content-length": length }, signal, agent: false })
  const answered = once(request, "response")
  const sent = pipeline(open(), request)
  // Whichever comes first tells; the other may fail too.
  sent.catch(() => undefined)
  const response = toResponse(await answered)
  const elsewhere = checkStatus(response)
  if (elsewhere !== undefined) {
    request.destroy()
    return { elsewhere }
  }
  // Read no sooner than now: Node hangs up with the end of an answer, and XAPI answers before it has read.
  await sent
  await finished(response.resume()).catch(() => undefined)
  return { value: undefined }
}

async function get<T>(
  url: string,
  read: (body: AsyncIterable<Uint8Array>) => Promise<T>,
  signal: AbortSignal,
): Promise<Answer<T>> {
  const request = httpRequest(url, { signal, agent: false })
  try {
    const answered = once(request, "response")
    request.end()
    const response = toResponse(await answered)
    const elsewhere = checkStatus(response)
    return elsewhere === undefined ? { value: await read(response) } : { elsewhere }
  } finally {
    request.destroy()
  }
}

function toResponse([response]: readonly unknown[]): IncomingMessage {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the event of a request carries
  const answer = response as IncomingMessage
  // The end of the body is asked for where it matters.
  answer.on("error", () => undefined)
  return answer
}

/** Where it sends us, if it does. */
function checkStatus({ statusCode = 0, headers: { location } }: IncomingMessage): string | undefined {
  if (statusCode === 200) return undefined
  if (statusCode === 302 && location !== undefined && URL.canParse(location)) return new URL(location).hostname
  throw new Error(`HTTP ${statusCode}`)
}

function told(error: unknown, path: string, signal: AbortSignal): unknown {
  if (signal.aborted) return abortError(signal, { outcome: "unknown" })
  if (isSlash64Error(error)) return error
  const words = error instanceof Error ? error.message : String(error)
  return new Slash64Error("UNAVAILABLE", `${path}: ${words}`, {
    outcome: "unknown",
    hint: "Call again when the host is up.",
    cause: error,
  })
}

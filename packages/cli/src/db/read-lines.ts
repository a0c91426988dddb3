import { createReadStream } from "node:fs"
import { TextDecoder } from "node:util"
import { Slash64Error, invalid } from "@slash64/core"

/** A record is some hundred bytes, a host's configuration some thousand. */
const longest = 1 << 20

/** The lines of a UTF-8 file, one in memory at a time. INVALID_ARGUMENT where they are longer than 1 MiB or no UTF-8. */
export async function* readLines(file: string): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true })
  let rest = ""
  for await (const chunk of createReadStream(file)) {
    const lines = `${rest}${decode(decoder, chunk, file)}`.split("\n")
    rest = lines.pop() ?? ""
    yield* lines
    if (rest.length > longest)
      throw invalid("file", file, "has a line of more than 1 MiB", "Give a file that slash64 db export wrote.")
  }
  rest += decode(decoder, undefined, file)
  if (rest !== "") yield rest
}

function decode(decoder: TextDecoder, chunk: Uint8Array | undefined, file: string): string {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true })
  } catch {
    throw invalid("file", file, "is not UTF-8", "Give a file that slash64 db export wrote.")
  }
}

/** What node:fs says of a file that is read, as an error on `file`; any other error as it is. */
export function unreadable(file: string, error: unknown): unknown {
  if (!(error instanceof Error) || !("syscall" in error)) return error
  const missing = "code" in error && error.code === "ENOENT"
  const problem = missing ? "there is no such file" : error.message
  return new Slash64Error(missing ? "NOT_FOUND" : "PERMISSION_DENIED", `file ${file}: ${problem}`, {
    field: "file",
    value: file,
    hint: "Name a file that slash64 db export wrote, and that this user may read.",
    cause: error,
  })
}

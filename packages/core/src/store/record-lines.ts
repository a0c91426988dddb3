import { z } from "zod"
import { Slash64Error, invalid, isSlash64Error } from "../errors.ts"
import { parseShape } from "../network/parse-shape.ts"
import { checkAborted } from "../plugin/call.ts"
import type { Call } from "../plugin/call.ts"
import { parseStoreRecord } from "./parse-record.ts"
import type { Store } from "./store.ts"
import type { StoreRecord } from "./store-record.ts"

/** Rises when a program of before could misread what is written. */
const format = 1
const header = z.strictObject({
  slash64: z.literal("export"),
  format: z.literal(format),
  engine: z.string(),
  schema: z.number(),
  secret: z.string().regex(/^[\da-f]{16}$/, "is not a fingerprint"),
  exportedAt: z.string(),
})
const footer = z.strictObject({ end: z.literal(true), records: z.int() })

/**
 * A store as lines of JSON, without line feeds: a header, a record a line, and a last line that counts them, so that a
 * file that was cut off is known.
 */
export async function* exportLines(store: Store, call: Call): AsyncGenerator<string> {
  const { engine, schema, secret } = await store.describe()
  yield JSON.stringify({ slash64: "export", format, engine, schema, secret, exportedAt: new Date().toISOString() })
  let records = 0
  for await (const record of store.exportRecords()) {
    yield JSON.stringify(record)
    records += 1
    tell(call, "exporting records", records)
  }
  yield JSON.stringify({ end: true, records })
}

export interface ImportOptions {
  /** Take in what was exported beside another secret: NICs keep their addresses, new ones get others than there. */
  readonly otherSecret?: boolean
}

/**
 * Takes `exportLines` in, all or nothing; gives the number of records. INVALID_ARGUMENT or ALREADY_EXISTS names the line
 * and the field; DATA_LOSS: the end is missing; FAILED_PRECONDITION: the store is not empty, or has another secret.
 */
export async function importLines(
  store: Store,
  lines: AsyncIterable<string>,
  call: Call,
  { otherSecret = false }: ImportOptions = {},
): Promise<number> {
  const { secret } = await store.describe()
  const reader = new LineReader(call, otherSecret ? undefined : secret)
  try {
    await store.importRecords(reader.records(lines))
  } catch (error) {
    throw reader.atLine(error)
  }
  return reader.count
}

/** One pass over the lines of an export. */
class LineReader {
  readonly #call: Call
  readonly #secret: string | undefined
  #line = 0
  #ended = false
  count = 0

  constructor(call: Call, secret: string | undefined) {
    this.#call = call
    this.#secret = secret
  }

  async *records(lines: AsyncIterable<string>): AsyncGenerator<StoreRecord> {
    for await (const text of lines) {
      this.#line += 1
      const value = parseJson(text)
      if (this.#line === 1) this.#readHeader(value)
      else if (this.#ended) throw invalid("line", text, "stands after the last one", "leave it out")
      else if (isFooter(value)) this.#readFooter(value)
      else {
        const record = parseStoreRecord(value)
        this.count += 1
        tell(this.#call, "importing records", this.count)
        yield record
      }
    }
    if (!this.#ended)
      throw new Slash64Error("DATA_LOSS", "the last line, which counts the records, is missing", {
        field: "line",
        value: String(this.#line),
        hint: "the file was cut off: export again, or copy it again",
      })
  }

  /** The error, with the line that was read last where it is one of a line. */
  atLine(error: unknown): unknown {
    if (!isSlash64Error(error) || !["INVALID_ARGUMENT", "ALREADY_EXISTS", "DATA_LOSS"].includes(error.code))
      return error
    const { code, message, field, value, hint } = error
    return new Slash64Error(code, `line ${this.#line}: ${message}`, {
      ...(field !== undefined && { field }),
      ...(value !== undefined && { value }),
      ...(hint !== undefined && { hint }),
      native: { line: this.#line },
      cause: error,
    })
  }

  #readHeader(value: unknown): void {
    const { secret } = parseShape("header", header, value)
    if (this.#secret === undefined || this.#secret === secret) return
    throw new Slash64Error("FAILED_PRECONDITION", "secret: what is imported was exported beside another one", {
      field: "secret",
      value: secret,
      hint: "put the secret of the exported store beside the new one, before its first use; or accept another secret",
    })
  }

  #readFooter(value: unknown): void {
    const { records } = parseShape("", footer, value)
    if (records !== this.count)
      throw new Slash64Error("DATA_LOSS", `records ${records}: ${this.count} were read`, {
        field: "records",
        value: String(records),
        hint: "lines are missing or were added: export again",
      })
    this.#ended = true
  }
}

function isFooter(value: unknown): boolean {
  return typeof value === "object" && value !== null && "end" in value
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw invalid("line", text, "is not JSON", "give the lines as slash64 db export wrote them")
  }
}

function tell(call: Call, step: string, done: number): void {
  if (done % 1000 !== 0) return
  checkAborted(call.signal)
  call.report({ step, done })
}

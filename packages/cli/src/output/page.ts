import { invalid } from "@slash64/core"
import type { Page } from "@slash64/core"

export interface PageOptions {
  readonly limit: string
  readonly after?: string | undefined
}

export interface ShownPage<Row> {
  readonly rows: readonly Row[]
  /** `{ next }`, what --after takes to go on; empty where this was the last page. */
  readonly next: { readonly next?: string }
  /** The same for a person, a line. */
  readonly more: string
}

/** One page of a list that may be long. The row behind it is read too, so that a last page is known as one. */
export async function readPage<Row>(
  { limit: digits, after }: PageOptions,
  read: (page: Page) => Promise<readonly Row[]>,
  nameOf: (row: Row) => string,
): Promise<ShownPage<Row>> {
  const limit = parseLimit(digits)
  const found = await read({ limit: limit + 1, ...(after !== undefined && { after }) })
  const rows = found.slice(0, limit)
  const last = rows.at(-1)
  if (found.length <= limit || last === undefined) return { rows, next: {}, more: "" }
  const next = nameOf(last)
  return { rows, next: { next }, more: `\nThere is more: repeat with --after ${next}` }
}

function parseLimit(text: string): number {
  const limit = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (limit >= 1 && limit <= 10_000) return limit
  throw invalid("--limit", text, "is not within 1 to 10000", "Give a whole number, 1 to 10000.")
}

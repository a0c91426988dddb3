import { invalid } from "@slash64/core"
import type { Page } from "@slash64/core"
import { documented, wholeNumberSchema } from "@slash64/core/request-shapes"
import { z } from "zod"

const most = 1000

/** The query of a list. */
export const pageQuery = z.strictObject({
  limit: documented("At most so many", wholeNumberSchema(1, most, { default: 100 })),
  after: documented("Begin behind this one: `next` of the page before", { type: "string" }),
})

/** One page of a list, under `name`, with `next` where there is more. */
export function pageShape(name: string, row: z.ZodType): z.ZodObject {
  const next = z.string().meta({ description: "Absent on the last page; else the next page's `after`" })
  return z.strictObject({ [name]: z.array(row), next: next.optional() })
}

/** The row behind the page is read too, so that the last page is known as one. */
export async function readPage<Row>(
  name: string,
  query: Readonly<Record<string, string>>,
  read: (page: Page) => Promise<readonly Row[]>,
  keyOf: (row: Row) => string,
): Promise<unknown> {
  const limit = parseLimit(query["limit"])
  const after = query["after"]
  const found = await read({ limit: limit + 1, ...(after !== undefined && { after }) })
  const rows = found.slice(0, limit)
  const last = rows.at(-1)
  return { [name]: rows, ...(found.length > limit && last !== undefined && { next: keyOf(last) }) }
}

/** A page of a list that is short enough to be read whole. */
export function pageOf<Row>(
  rows: readonly Row[],
  keyOf: (row: Row) => string,
): (page: Page) => Promise<readonly Row[]> {
  return async ({ after, limit }) =>
    rows
      .toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
      .filter((row) => after === undefined || keyOf(row) > after)
      .slice(0, limit)
}

function parseLimit(text = "100"): number {
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0
  if (limit >= 1 && limit <= most) return limit
  throw invalid("limit", text, `is not within 1 to ${most}`, `Give a whole number, 1 to ${most}.`)
}

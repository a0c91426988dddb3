import { parseId } from "../address/id.ts"
import { parseName, parseWholeNumber } from "./names.ts"

/** A part of a list that may be long. The last element of one page is `after` of the next, whether it is still there or not. */
export interface Page {
  /** Begin behind this: a NIC's id, a network's name. */
  readonly after?: string
  /** 1 to 100,000. Absent: all. */
  readonly limit?: number
}

/** The longest page of any list. */
export const pageMost = 100_000

/** A page of NICs, which are in the order of their ids. Throws INVALID_ARGUMENT on `after` or `limit`. */
export function parseNicPage(page: Page): Page {
  return parsePage(page, parseId)
}

/** A page of networks, which are in the order of their names. Throws INVALID_ARGUMENT on `after` or `limit`. */
export function parseNetworkPage(page: Page): Page {
  return parsePage(page, parseName)
}

function parsePage({ after, limit }: Page, parseAfter: (field: string, input: unknown) => string): Page {
  return {
    ...(after !== undefined && { after: parseAfter("after", after) }),
    ...(limit !== undefined && { limit: parseWholeNumber("limit", limit, 1, pageMost) }),
  }
}

import { parseShape } from "@slash64/core"
import type { z } from "zod"
import { RequestError } from "./request-error.ts"

/** Each parameter once, and none that `shape` does not know; without one, none at all. */
export function readQuery(
  shape: z.ZodObject | undefined,
  given: Readonly<Record<string, readonly string[]>>,
): Readonly<Record<string, string>> {
  const twice = Object.entries(given).find(([, values]) => values.length > 1)
  if (twice !== undefined)
    throw new RequestError(400, "INVALID_ARGUMENT", `${twice[0]} is given twice`, { field: twice[0] })
  const query = Object.fromEntries(Object.entries(given).map(([name, [value = ""]]) => [name, value]))
  if (shape !== undefined) parseShape("", shape, query)
  else if (Object.keys(query)[0] !== undefined) throw unknownQuery(Object.keys(query)[0] ?? "")
  return query
}

function unknownQuery(name: string): RequestError {
  return new RequestError(400, "INVALID_ARGUMENT", `${JSON.stringify(name)} is not a known parameter`, {
    field: name,
    hint: "Leave it out.",
  })
}

import { invalid } from "@slash64/core"

type Body = Readonly<Record<string, unknown>>

/** The body under the id that its path names; it may bear the same id again, as what was read does, and no other. */
export function underId(field: string, id: string, body: Body): Body {
  const given = body[field]
  if (given !== undefined && given !== id)
    throw invalid(field, given, `is not ${JSON.stringify(id)}, which the path names`, "Leave it out.")
  return { ...body, [field]: id }
}

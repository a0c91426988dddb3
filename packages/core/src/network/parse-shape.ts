import type { z } from "zod"
import { invalid } from "../errors.ts"
import type { Slash64Error } from "../errors.ts"

/**
 * Parses what a caller handed in by a zod schema. The first fault becomes INVALID_ARGUMENT with the path from
 * `field` on: `ipv6.dns.1`. With `field` empty the path is that within `input`.
 */
export function parseShape<Schema extends z.ZodType>(field: string, schema: Schema, input: unknown): z.output<Schema> {
  const result = schema.safeParse(input, { reportInput: true })
  if (result.success) return result.data
  throw translate(field, result.error.issues[0])
}

function translate(field: string, issue: z.core.$ZodIssue | undefined): Slash64Error {
  const name = join(field, issue?.path ?? []) || "request"
  switch (issue?.code) {
    case "unrecognized_keys": {
      // The key and not its value: under a wrong name may stand a secret.
      const [key = ""] = issue.keys
      return invalid(
        join(field, [...issue.path, key]),
        key,
        "is not a known field",
        "leave it out, or correct its name",
      )
    }
    case "invalid_value":
      return invalid(name, issue.input, "is not known", `use ${oneOf(issue.values)}`)
    case "invalid_union": {
      const known: unknown[] = "options" in issue && Array.isArray(issue.options) ? issue.options : []
      return invalid(name, valueOf(issue.input, issue.path.at(-1)), "is not known", `use ${oneOf(known)}`)
    }
    case "invalid_type":
      return invalid(name, issue.input, `is not of type ${issue.expected}`, `give ${withArticle(issue.expected)}`)
    default:
      return invalid(name, issue?.input, issue?.message ?? "is not as expected", "correct it")
  }
}

function join(field: string, path: readonly PropertyKey[]): string {
  return [field, ...path.map(String)].filter((part) => part !== "").join(".")
}

function oneOf(values: readonly unknown[]): string {
  return values.map((value) => JSON.stringify(value)).join(" or ")
}

function valueOf(input: unknown, key: PropertyKey = ""): unknown {
  if (typeof input !== "object" || input === null) return input
  return Object.getOwnPropertyDescriptor(input, key)?.value
}

function withArticle(type: string): string {
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`
}

import { z } from "zod"

type JsonSchema = Readonly<Record<string, unknown>>

/**
 * A field that a parser of its own checks, with what is written about it: words, and JSON Schema 2020-12 for the
 * document of the HTTP API. The schema tells; the parser decides.
 */
export function documented(description: string, schema: JsonSchema = {}): z.ZodOptional<z.ZodUnknown> {
  return z
    .unknown()
    .meta({ description, ...schema })
    .optional()
}

export const idSchema = { type: "string", pattern: "^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$" }
export const nameSchema = { type: "string", pattern: "^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$" }
export const ipv6Schema = { type: "string", format: "ipv6" }
export const ipv4Schema = { type: "string", format: "ipv4" }
export const interfaceSchema = { type: "string", pattern: "^[a-zA-Z0-9_.-]{1,15}$" }

export function wholeNumberSchema(minimum: number, maximum: number, more: JsonSchema = {}): JsonSchema {
  return { type: "integer", minimum, maximum, ...more }
}

/** `start-end`, one address, or its parts. */
export function rangeSchema(address: JsonSchema): JsonSchema {
  return {
    anyOf: [
      { type: "string", description: "`start-end`, or one address" },
      {
        type: "object",
        properties: { start: address, end: address },
        required: ["start"],
        additionalProperties: false,
      },
    ],
  }
}

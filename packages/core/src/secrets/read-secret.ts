import { readFile } from "node:fs/promises"
import { Slash64Error } from "../errors.ts"

/**
 * The value behind `file:PATH` or `env:NAME`, without a line feed at its end. INVALID_ARGUMENT where there is none;
 * the value itself is in no error and no log.
 */
export async function readSecret(field: string, reference: string): Promise<string> {
  if (reference.startsWith("env:")) {
    const value = process.env[reference.slice("env:".length)]
    if (value === undefined || value === "") throw missing(field, reference, "the variable is not set")
    return value
  }
  try {
    return (await readFile(reference.slice("file:".length), "utf8")).replace(/\r?\n$/, "")
  } catch (cause) {
    throw missing(field, reference, "the file cannot be read", cause)
  }
}

function missing(field: string, reference: string, problem: string, cause?: unknown): Slash64Error {
  return new Slash64Error("INVALID_ARGUMENT", `${field} ${reference}: ${problem}`, {
    field,
    value: reference,
    hint: "Set the variable, or name a file that this process may read.",
    cause,
  })
}

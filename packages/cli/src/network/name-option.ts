import { Slash64Error, isSlash64Error } from "@slash64/core"
import { networkOption } from "../network-request.ts"

/** A person typed `--gateway` and reads of `ipv6.gateway`: the hint says which option that is. */
export function nameOption(error: unknown): never {
  const option = isSlash64Error(error) && error.field !== undefined ? networkOption(error.field) : undefined
  if (!isSlash64Error(error) || option === undefined) throw error
  const { code, message, field, value, hint = "" } = error
  throw new Slash64Error(code, message, {
    ...(field !== undefined && { field }),
    ...(value !== undefined && { value }),
    hint: `${option}: ${hint}`,
    cause: error,
  })
}

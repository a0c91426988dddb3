import { Slash64Error, isSlash64Error } from "@slash64/core"
import type { NativeXapiError } from "../xapi/log-in.ts"
import { type Meaning, meaningOf } from "./xapi-errors.ts"

const unknown: Meaning = { code: "INTERNAL", hint: "Please report this with the version of the pool." }

/** An error of XAPI as one of ours, by the table; the original stays in `native`. */
export function translateXapi(native: NativeXapiError, method: string): Slash64Error {
  const { code, hint } = meaningOf(native.code) ?? unknown
  const said = [native.code, ...native.params].join(" ")
  return new Slash64Error(code, `${method}: ${said}`, { hint, native: { code: native.code, params: native.params } })
}

/** Whether XAPI itself said this, by this name. */
export function isNative(error: unknown, ...names: readonly string[]): boolean {
  if (!isSlash64Error(error) || typeof error.native !== "object" || error.native === null) return false
  return "code" in error.native && names.includes(String(error.native.code))
}

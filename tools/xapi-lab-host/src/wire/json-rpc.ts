import { isDictionary } from "../model/types.ts"
import { type XapiError } from "../xapi-error.ts"
import type { Answer, Request } from "../calls/dispatch.ts"
import type { Codec } from "./codec.ts"

/** JSON-RPC 2.0 as a running xapi speaks it; any other version it cannot read. */
export function readJsonCall(body: string): Codec {
  const given: unknown = JSON.parse(body)
  if (!isDictionary(given)) throw new Error("a call is an object")
  const { jsonrpc, method, params = [], id } = given
  if (jsonrpc !== "2.0") throw new Error(`JSON-RPC ${JSON.stringify(jsonrpc)} is not spoken here`)
  if (typeof method !== "string" || !Array.isArray(params)) throw new Error("a call has a method and params")
  const request: Request = { method, params }
  return {
    request,
    contentType: "application/json",
    success: ({ value }: Answer) => JSON.stringify({ jsonrpc, result: value, id }),
    failure: ({ code, params: said }: XapiError) =>
      JSON.stringify({ jsonrpc, error: { code: 1, message: code, data: said }, id }),
  }
}

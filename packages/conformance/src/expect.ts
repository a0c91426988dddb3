import assert from "node:assert/strict"
import { isSlash64Error } from "@slash64/core"
import type { ErrorCode, Slash64Error } from "@slash64/core"

/** Rejects with this code, as a branded error with a message; gives it. INVALID_ARGUMENT names the field. */
export async function rejects(code: ErrorCode, promise: Promise<unknown>): Promise<Slash64Error> {
  const error = await promise.then(
    (answer) => assert.fail(`gave ${JSON.stringify(answer)} where ${code} was due`),
    (reason: unknown) => reason,
  )
  assert.ok(isSlash64Error(error), `not a slash64 error: ${String(error)}`)
  assert.equal(error.code, code, `${error.code} where ${code} was due: ${error.message}`)
  assert.ok(error.message.length > 0, `${code} without a message`)
  if (code === "INVALID_ARGUMENT") assert.ok(error.field !== undefined, `${error.message}: names no field`)
  return error
}

/** Equal, and JSON: nothing is lost on a wire. */
export function sameJson(actual: unknown, expected: unknown): void {
  assert.deepEqual(JSON.parse(JSON.stringify(actual)), JSON.parse(JSON.stringify(expected)))
}

/** The one with this id. */
export function only<T extends { readonly id: string }>(list: readonly T[], id: string): T {
  const found = list.filter((one) => one.id === id)
  const [first] = found
  assert.ok(first !== undefined && found.length === 1, `${found.length} of ${id} instead of one`)
  return first
}

export function none(list: readonly { readonly id: string }[], id: string): void {
  assert.equal(list.filter((one) => one.id === id).length, 0, `${id} is there`)
}

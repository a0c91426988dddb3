import { z } from "zod"

/** Says in the pool's list of sessions, and in its limits, whose a session is. */
const originator = "slash64"

const answerShape = z.object({
  result: z.unknown().optional(),
  error: z.object({ message: z.string(), data: z.array(z.string()) }).optional(),
})

/** An error as XAPI told it. */
export interface NativeXapiError {
  readonly code: string
  readonly params: readonly string[]
}

export type LoginAnswer = { readonly session: string } | { readonly error: NativeXapiError }

/**
 * A login that follows nobody: xen-api takes the password wherever HOST_IS_SLAVE points, an IPv6 address without
 * brackets even to this machine.
 */
export async function logIn(
  url: string,
  account: { readonly user: string; readonly password: string },
  signal: AbortSignal,
): Promise<LoginAnswer> {
  const params = [account.user, account.password, "1.0", originator]
  const { result, error } = await ask(url, "session.login_with_password", params, signal)
  if (error !== undefined) return { error: { code: error.message, params: error.data } }
  return { session: z.string().parse(result) }
}

/** Resolves when the session is gone; one that is gone already is a success. */
export async function logOut(url: string, session: string, signal: AbortSignal): Promise<void> {
  await ask(url, "session.logout", [session], signal)
}

async function ask(url: string, method: string, params: readonly unknown[], signal: AbortSignal) {
  const response = await fetch(`${url}/jsonrpc`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 0, method, params }),
    redirect: "error",
    signal,
  })
  if (!response.ok) throw new Error(`HTTP ${response.status}`)
  return answerShape.parse(await response.json())
}

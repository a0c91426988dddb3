import { setTimeout as delay } from "node:timers/promises"
import { Slash64Error, abortError, checkAborted, isSlash64Error, readSecret, untilAborted } from "@slash64/core"
import { Xapi as XenApi } from "xen-api"
import type { z } from "zod"
import type { XenserverConfig } from "../config/xenserver-config.ts"
import { isNative, translateXapi } from "../errors/translate-xapi.ts"
import { logIn, logOut } from "./log-in.ts"
import { type Relay, startRelay } from "./relay.ts"
import type { Xapi } from "./xapi.ts"

const readTries = 5
const betweenTriesMs = 500

interface Session {
  readonly url: string
  readonly ref: string
  readonly api: XenApi
  readonly relay: Relay | undefined
}

/** xen-api behind {@link Xapi}: logs in and finds the master itself, and again when either is gone. */
export class XenApiClient implements Xapi {
  readonly #config: XenserverConfig
  #session: Promise<Session> | undefined

  constructor(config: XenserverConfig) {
    this.#config = config
  }

  async read<T>(shape: z.ZodType<T>, signal: AbortSignal, method: string, ...args: readonly unknown[]): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return shape.parse(await this.#call(signal, method, args))
      } catch (error) {
        const silent = isSlash64Error(error) && error.code === "UNAVAILABLE"
        if (!silent || tries === readTries) throw told(error, method, {})
        await delay(betweenTriesMs, undefined, { signal }).catch(() => checkAborted(signal))
      }
    }
  }

  async change<T>(shape: z.ZodType<T>, signal: AbortSignal, method: string, ...args: readonly unknown[]): Promise<T> {
    try {
      return shape.parse(await this.#call(signal, method, args))
    } catch (error) {
      throw told(error, method, { outcome: "unknown" })
    }
  }

  async close(): Promise<void> {
    const session = await this.#session?.catch(() => undefined)
    this.#session = undefined
    if (session !== undefined) await end(session)
  }

  /** A call that XAPI refused for its session or its master was not carried out, so it may be sent again. */
  async #call(signal: AbortSignal, method: string, args: readonly unknown[]): Promise<unknown> {
    const first = await this.#open(signal)
    try {
      return await send(first, signal, method, args)
    } catch (error) {
      if (!isNative(error, "SESSION_INVALID", "HOST_IS_SLAVE")) throw error
    }
    await this.#forget(first)
    return send(await this.#open(signal), signal, method, args)
  }

  async #open(signal: AbortSignal): Promise<Session> {
    this.#session ??= openSession(this.#config)
    const opening = this.#session
    try {
      return await untilAborted(opening, signal)
    } catch (error) {
      // The next call tries anew; an abort leaves the others their session.
      if (!signal.aborted && this.#session === opening) this.#session = undefined
      throw error
    }
  }

  async #forget(session: Session): Promise<void> {
    if ((await this.#session?.catch(() => undefined)) === session) this.#session = undefined
    await session.relay?.close()
  }
}

async function send(session: Session, signal: AbortSignal, method: string, args: readonly unknown[]): Promise<unknown> {
  try {
    return await untilAborted(session.api.call(method, ...args), signal)
  } catch (error) {
    if (signal.aborted) throw abortError(signal, { outcome: "unknown" })
    throw nativeOf(error, method) ?? session.relay?.problem() ?? silence(error, method)
  }
}

/** Logs in where the configuration says, or at the master that this host names; no farther. */
async function openSession(config: XenserverConfig): Promise<Session> {
  const password = await readSecret("password", config.password)
  const signal = AbortSignal.timeout(20_000)
  let { hostname } = new URL(config.url)
  for (let tries = 1; ; tries++) {
    const at = await reach(config, hostname)
    try {
      const answer = await logIn(at.url, { user: config.user, password }, signal)
      if ("session" in answer) return await toSession(at, answer.session)
      const { code, params } = answer.error
      if (code !== "HOST_IS_SLAVE" || tries > 1) throw translateXapi(answer.error, "session.login_with_password")
      hostname = bracketed(params[0] ?? "")
    } catch (error) {
      const problem = at.relay?.problem()
      await at.relay?.close()
      throw isSlash64Error(error) ? error : (problem ?? silence(error, "session.login_with_password"))
    }
    await at.relay?.close()
  }
}

async function reach(config: XenserverConfig, hostname: string): Promise<Pick<Session, "url" | "relay">> {
  const { protocol, port } = new URL(config.url)
  if (protocol === "http:") return { url: `http://${hostname}${port && `:${port}`}`, relay: undefined }
  const host = hostname.replace(/^\[(.*)\]$/, "$1")
  const relay = await startRelay(host, Number(port || 443), config.certificates)
  return { url: relay.url, relay }
}

async function toSession(at: Pick<Session, "url" | "relay">, ref: string): Promise<Session> {
  const options = { watchEvents: false, roCallRetryOptions: { tries: 1 } } as const
  const api = new XenApi({ url: at.url, auth: { sessionId: ref }, ...options })
  await api.connect()
  return { ...at, ref, api }
}

async function end({ url, ref, relay }: Session): Promise<void> {
  // A host that is gone has no session to end.
  await logOut(url, ref, AbortSignal.timeout(5_000)).catch(() => undefined)
  await relay?.close()
}

function bracketed(address: string): string {
  return address.includes(":") ? `[${address}]` : address
}

function nativeOf(error: unknown, method: string): Slash64Error | undefined {
  if (!(error instanceof Error) || !("code" in error) || !("params" in error)) return undefined
  const { code, params } = error
  if (typeof code !== "string" || !Array.isArray(params)) return undefined
  return translateXapi({ code, params: params.map(String) }, method)
}

function silence(error: unknown, method: string): Slash64Error {
  const words = error instanceof Error ? error.message : String(error)
  return new Slash64Error("UNAVAILABLE", `${method}: no answer: ${words}`, {
    hint: "Call again when the host is up.",
    cause: error,
  })
}

/** With what a caller has to know of a call that XAPI did not answer. */
function told(error: unknown, method: string, unanswered: { readonly outcome?: "unknown" }): Slash64Error {
  if (!isSlash64Error(error)) {
    return new Slash64Error("INTERNAL", `${method} gave what we cannot read`, { cause: error })
  }
  const { code, message, hint = "", native, cause } = error
  if (code !== "UNAVAILABLE" || native !== undefined) return error
  return new Slash64Error(code, message, { hint, cause, ...unanswered })
}

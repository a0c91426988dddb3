import { Slash64Error, isSlash64Error, readSecret } from "@slash64/core"
import type { Xapi as XenApi } from "xen-api"
import { type XenserverConfig, urlsOf } from "../config/xenserver-config.ts"
import { translateXapi } from "../errors/translate-xapi.ts"
import { logIn, logOut } from "./log-in.ts"
import { type Relay, startRelay } from "./relay.ts"

const loginMs = 20_000

/** A login at the master of a pool. */
export interface Session {
  readonly url: string
  readonly ref: string
  readonly api: XenApi
  readonly relay: Relay | undefined
}

/** Where a host's XAPI is reached from here. */
export type Place = Pick<Session, "url" | "relay">

/** Logs in by the first way into the pool that leads to its master. */
export async function openSession(config: XenserverConfig): Promise<Session> {
  const password = await readSecret("password", config.password)
  const silent: Slash64Error[] = []
  for (const url of urlsOf(config)) {
    try {
      return await openBy(config, new URL(url), password)
    } catch (error) {
      if (!isSlash64Error(error) || error.code !== "UNAVAILABLE") throw error
      silent.push(error)
    }
  }
  throw nobody(silent)
}

/** Logs in at a host, or at the master that it names; no farther. */
async function openBy(config: XenserverConfig, url: URL, password: string): Promise<Session> {
  const signal = AbortSignal.timeout(loginMs)
  let { hostname } = url
  for (let tries = 1; ; tries++) {
    const at = await reach(config, url, hostname)
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

/** The hosts of a pool have one protocol and port. */
export async function reach(config: XenserverConfig, { protocol, port }: URL, hostname: string): Promise<Place> {
  if (protocol === "http:") return { url: `http://${hostname}${port && `:${port}`}`, relay: undefined }
  const host = hostname.replace(/^\[(.*)\]$/, "$1")
  const trust = config.ca === undefined ? { pins: config.certificates } : { ca: await readSecret("ca", config.ca) }
  const relay = await startRelay(host, Number(port || 443), trust)
  return { url: relay.url, relay }
}

async function toSession(at: Place, ref: string): Promise<Session> {
  // Here, since it takes a third of a second to load, and most commands of the program need no pool.
  const { Xapi } = await import("xen-api")
  /** In connect() too xen-api follows a host's HOST_IS_SLAVE to whatever it names, session and all. */
  class StayingXapi extends Xapi {
    override readonly _sessionOpenRetryOptions = { tries: 1 }
  }
  const api = new StayingXapi({
    url: at.url,
    auth: { sessionId: ref },
    watchEvents: false,
    roCallRetryOptions: { tries: 1 },
    // By default it sends a call once more, as XML-RPC, when the answer has another type of content.
    transport: "json-rpc",
  })
  const session = { ...at, ref, api }
  try {
    await api.connect()
    return session
  } catch (error) {
    await endSession(session)
    throw nativeOf(error, "pool.get_all_records") ?? error
  }
}

export async function endSession({ url, ref, relay }: Session): Promise<void> {
  // A host that is gone has no session to end.
  await logOut(url, ref, AbortSignal.timeout(5_000)).catch(() => undefined)
  await relay?.close()
}

/** What XAPI said, translated; undefined for an error that is none of XAPI's. */
export function nativeOf(error: unknown, method: string): Slash64Error | undefined {
  if (!(error instanceof Error) || !("code" in error) || !("params" in error)) return undefined
  const { code, params } = error
  if (typeof code !== "string" || !Array.isArray(params)) return undefined
  return translateXapi({ code, params: params.map(String) }, method)
}

export function silence(error: unknown, method: string): Slash64Error {
  const words = error instanceof Error ? error.message : String(error)
  return new Slash64Error("UNAVAILABLE", `${method}: no answer: ${words}`, {
    hint: "Call again when the host is up.",
    cause: error,
  })
}

function nobody(silent: readonly Slash64Error[]): Slash64Error {
  const [first] = silent
  if (first !== undefined && silent.length === 1) return first
  const words = silent.map(({ message }) => message).join("; ")
  return new Slash64Error("UNAVAILABLE", `no host of the pool leads to its master: ${words}`, {
    field: "url",
    hint: "Call again when the pool has a master that is up.",
    cause: first,
  })
}

function bracketed(address: string): string {
  return address.includes(":") ? `[${address}]` : address
}

import { setTimeout as delay } from "node:timers/promises"
import { Slash64Error, abortError, checkAborted, isSlash64Error, untilAborted } from "@slash64/core"
import type { z } from "zod"
import { type XenserverConfig, urlsOf } from "../config/xenserver-config.ts"
import { isNative } from "../errors/translate-xapi.ts"
import { HeldSession } from "./held-session.ts"
import { type Place, type Session, nativeOf, openSession, reach, silence } from "./open-session.ts"
import { type DiskAsk, getDisk, putDisk } from "./transfer.ts"
import type { Upload, Xapi } from "./xapi.ts"

/** A toolstack that restarts is away for some seconds. */
const pausesMs = [250, 500, 1_000, 2_000, 4_000]
/** One that has not come by then is lost: the host may be without power. */
const readMs = 60_000

/** xen-api behind {@link Xapi}: logs in and finds the master itself, and again when either is gone. */
export class XenApiClient implements Xapi {
  readonly #config: XenserverConfig
  /** All that are not logged out yet. */
  readonly #sessions = new Set<HeldSession>()
  #current: Promise<HeldSession> | undefined
  #wasOpen = false
  #closed = false

  constructor(config: XenserverConfig) {
    this.#config = config
  }

  async read<T>(shape: z.ZodType<T>, signal: AbortSignal, method: string, ...args: readonly unknown[]): Promise<T> {
    for (let tries = 0; ; tries++) {
      try {
        return parse(shape, await this.#inTime(signal, method, (until) => this.#call(until, method, args)), method)
      } catch (error) {
        checkAborted(signal)
        const pauseMs = this.#wasOpen && !this.#closed ? pausesMs[tries] : undefined
        if (!isSilence(error) || pauseMs === undefined) throw withoutOutcome(error)
        await delay(pauseMs, undefined, { signal }).catch(() => checkAborted(signal))
      }
    }
  }

  async ask<T>(shape: z.ZodType<T>, signal: AbortSignal, method: string, ...args: readonly unknown[]): Promise<T> {
    try {
      return parse(shape, await this.#inTime(signal, method, (until) => this.#send(until, method, args)), method)
    } catch (error) {
      checkAborted(signal)
      throw withoutOutcome(error)
    }
  }

  async change<T>(shape: z.ZodType<T>, signal: AbortSignal, method: string, ...args: readonly unknown[]): Promise<T> {
    return parse(shape, await this.#call(signal, method, args), method, { outcome: "unknown" })
  }

  async upload(
    signal: AbortSignal,
    { vdi, task }: { readonly vdi: string; readonly task: string },
    upload: Upload,
  ): Promise<void> {
    const held = await this.#open(signal)
    const query = { vdi, format: upload.format, task_id: task }
    await held.run((session) => putDisk(this.#askFor(session, query, signal), upload))
  }

  async download<T>(
    signal: AbortSignal,
    vdi: string,
    read: (body: AsyncIterable<Uint8Array>) => Promise<T>,
  ): Promise<T> {
    const held = await this.#open(signal)
    return held.run((session) => getDisk(this.#askFor(session, { vdi, format: "raw" }, signal), read))
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#current?.catch(() => undefined)
    await Promise.all([...this.#sessions].map((held) => held.end()))
  }

  #askFor({ url, ref }: Session, query: Readonly<Record<string, string>>, signal: AbortSignal): DiskAsk {
    const [way = url] = urlsOf(this.#config)
    const go = (hostname: string): Promise<Place> => reach(this.#config, new URL(way), hostname)
    return { url, query: { ...query, session_id: ref }, go, signal }
  }

  async #inTime<T>(signal: AbortSignal, method: string, work: (until: AbortSignal) => Promise<T>): Promise<T> {
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(silence(`not within ${readMs} ms`, method)), readMs)
    try {
      return await work(AbortSignal.any([signal, late.signal]))
    } finally {
      clearTimeout(timer)
    }
  }

  /**
   * A call that XAPI refused for its session or its master was not carried out, so it is sent again; UNAVAILABLE with
   * `outcome: "unknown"` for one that was not answered.
   */
  async #call(signal: AbortSignal, method: string, args: readonly unknown[]): Promise<unknown> {
    try {
      return await this.#send(signal, method, args)
    } catch (error) {
      if (!isNative(error, "SESSION_INVALID", "HOST_IS_SLAVE")) throw error
    }
    return this.#send(signal, method, args)
  }

  async #send(signal: AbortSignal, method: string, args: readonly unknown[]): Promise<unknown> {
    const held = await this.#open(signal)
    return held.run(async ({ api, relay }) => {
      try {
        return await untilAborted(api.call(method, ...args), signal)
      } catch (error) {
        const problem = signal.aborted
          ? abortError(signal, { outcome: "unknown" })
          : (nativeOf(error, method) ?? unanswered(relay?.problem() ?? silence(error, method)))
        // Who does not answer may not be the master any more, and whoever is has other sessions.
        if (isSilence(problem) || isNative(problem, "SESSION_INVALID", "HOST_IS_SLAVE")) this.#retire(held)
        throw problem
      }
    })
  }

  async #open(signal: AbortSignal): Promise<HeldSession> {
    checkAborted(signal)
    if (this.#closed) throw closed()
    const opening = (this.#current ??= this.#openSession())
    try {
      return await untilAborted(opening, signal)
    } catch (error) {
      // The next call tries anew; an abort leaves the others their session.
      if (!signal.aborted && this.#current === opening) this.#current = undefined
      throw error
    }
  }

  async #openSession(): Promise<HeldSession> {
    const held = new HeldSession(await openSession(this.#config), (ended) => this.#sessions.delete(ended))
    this.#sessions.add(held)
    this.#wasOpen = true
    return held
  }

  #retire(held: HeldSession): void {
    if (held.retired) return
    this.#current = undefined
    held.retire()
  }
}

function parse<T>(
  shape: z.ZodType<T>,
  answer: unknown,
  method: string,
  details: { readonly outcome?: "unknown" } = {},
): T {
  const parsed = shape.safeParse(answer)
  if (parsed.success) return parsed.data
  throw new Slash64Error("INTERNAL", `${method} gave what we cannot read: ${wordsOf(parsed.error)}`, {
    hint: "Please report this with the version of the pool.",
    cause: parsed.error,
    ...details,
  })
}

function wordsOf({ issues: [issue] }: z.ZodError): string {
  return `${issue?.path.map(String).join(".") ?? ""}: ${issue?.message ?? ""}`
}

/** Nobody answered, whether it was asked or not. */
function isSilence(error: unknown): error is Slash64Error {
  return isSlash64Error(error) && error.code === "UNAVAILABLE" && error.native === undefined
}

function unanswered(error: Slash64Error): Slash64Error {
  return error.code === "UNAVAILABLE" ? withOutcome(error, { outcome: "unknown" }) : error
}

/** A read changes nothing, answered or not. */
function withoutOutcome(error: unknown): unknown {
  return isSilence(error) ? withOutcome(error, {}) : error
}

function withOutcome(error: Slash64Error, outcome: { readonly outcome?: "unknown" }): Slash64Error {
  const { code, message, hint, field, value, cause } = error
  const given = Object.entries({ hint, field, value }).filter(([, one]) => one !== undefined)
  return new Slash64Error(code, message, { ...Object.fromEntries(given), cause, ...outcome })
}

function closed(): Slash64Error {
  return new Slash64Error("FAILED_PRECONDITION", "this host was closed", { hint: "Connect again." })
}

import { setTimeout as delay } from "node:timers/promises"
import { type Call, type HostEvent, isRetryable, isSlash64Error } from "@slash64/core"
import { z } from "zod"
import { isNative } from "../errors/translate-xapi.ts"
import type { Xapi } from "../xapi/xapi.ts"
import {
  type PoolView,
  type XapiEvent,
  advance,
  compare,
  emptyView,
  watchedClasses,
  xapiEventShape,
} from "./pool-view.ts"

export interface WatchOptions {
  /** A session of its own: a call of this waits at the master for half a minute. Closed at the end. */
  readonly xapi: Xapi
  /** Told the VMs whose guest metrics have changed. */
  readonly onGuest: (vms: readonly string[]) => Promise<void>
  /** How long a token is trusted. Default 5 minutes. */
  readonly freshMs?: number
}

const answerShape = z.object({ token: z.string(), events: z.array(xapiEventShape) })

/** With a fraction: xapi reads no integer where it wants a float over XML-RPC, and 30.1 passes everywhere. */
const waitS = 30.1
const longestPauseMs = 30_000

/**
 * What happens to the VMs and NICs of a pool, by XAPI's event.from, until the signal is aborted.
 *
 * The pool is read afresh, and compared with what was last seen, at the start, after every failure (a session that has
 * ended may mean another master, or an older database that was put back), when XAPI has forgotten the token, and once
 * in a while: a token that lies in the future is taken without a word, and nothing ever comes for it. Only a refusal ends it with an error.
 */
export async function* watchPool(options: WatchOptions, { signal }: Call): AsyncGenerator<HostEvent> {
  const { xapi, onGuest, freshMs = 300_000 } = options
  let view: PoolView | undefined
  let token = ""
  let freshUntil = 0
  let failures = 0
  try {
    while (!signal.aborted) {
      const fresh = token === "" || Date.now() > freshUntil
      try {
        const answer = await xapi.ask(answerShape, signal, "event.from", watchedClasses, fresh ? "" : token, waitS)
        const next = advance(fresh || view === undefined ? emptyView : view, answer.events)
        const events = view === undefined ? [] : await withoutStops(xapi, compare(view, next), signal)
        if (fresh) freshUntil = Date.now() + freshMs
        view = next
        token = answer.token
        failures = 0
        yield* events
        await onGuest(vmsThatTold(next, answer.events))
      } catch (error) {
        if (signal.aborted) return
        if (!mayPass(error)) throw error
        token = ""
        await delay(Math.min(250 * 2 ** failures++, longestPauseMs), undefined, { signal }).catch(() => undefined)
      }
    }
  } finally {
    await xapi.close()
  }
}

/** A VM that stops may lose its VIFs a moment before it is off: these are not unplugged. */
async function withoutStops(
  xapi: Xapi,
  events: readonly HostEvent[],
  signal: AbortSignal,
): Promise<readonly HostEvent[]> {
  const kept: HostEvent[] = []
  for (const event of events) {
    if (event.kind !== "nic-unplugged" || (await runs(xapi, event.vmId, signal))) kept.push(event)
  }
  return kept
}

async function runs(xapi: Xapi, vmId: string, signal: AbortSignal): Promise<boolean> {
  try {
    const ref = await xapi.ask(z.string(), signal, "VM.get_by_uuid", vmId)
    const state = await xapi.ask(z.string(), signal, "VM.get_power_state", ref)
    return state === "Running" || state === "Paused"
  } catch (error) {
    if (isNative(error, "UUID_INVALID", "HANDLE_INVALID")) return false
    throw error
  }
}

function vmsThatTold({ vms }: PoolView, events: readonly XapiEvent[]): readonly string[] {
  const metrics = new Set(events.filter((one) => one.class.toLowerCase() === "vm_guest_metrics").map(({ ref }) => ref))
  return [...vms].flatMap(([ref, { guestMetrics }]) => (metrics.has(guestMetrics) ? [ref] : []))
}

/** XAPI has forgotten the token, or is away for a while. */
function mayPass(error: unknown): boolean {
  if (isNative(error, "EVENTS_LOST", "EVENT_FROM_TOKEN_PARSE_FAILURE")) return true
  return isSlash64Error(error) && isRetryable(error)
}

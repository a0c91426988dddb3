import { randomUUID } from "node:crypto"
import { Slash64Error, isSlash64Error } from "../errors.ts"

/** What every call of the contract takes beside its request. */
export interface Call {
  /** For tracing only; objects are identified by the ids in the request. */
  readonly requestId: string
  /** Cancellation and deadline in one; a call that is aborted rejects with CANCELLED or DEADLINE_EXCEEDED. */
  readonly signal: AbortSignal
  /** Tells how far the call is. May be called often; never throws. */
  report(progress: Progress): void
}

export interface Progress {
  /** What is being done, in the present tense, for a person: `uploading router template`. */
  readonly step: string
  /** Units done and in all, where they are known. */
  readonly done?: number
  readonly total?: number
  readonly unit?: "bytes"
}

export interface CallOptions {
  /** Absent: a random UUID. */
  readonly requestId?: string
  readonly signal?: AbortSignal
  /** A deadline beside the signal; absent: none. */
  readonly timeoutMs?: number
  /** What it throws is dropped: telling the progress never breaks the work. */
  readonly report?: (progress: Progress) => void
}

export function newCall(options: CallOptions = {}): Call {
  const signals = options.signal === undefined ? [] : [options.signal]
  if (options.timeoutMs !== undefined) signals.push(AbortSignal.timeout(options.timeoutMs))
  return {
    requestId: options.requestId ?? randomUUID(),
    signal: AbortSignal.any(signals),
    report(progress) {
      try {
        options.report?.(progress)
      } catch {
        // A broken progress bar is no reason to leave a VM half attached.
      }
    },
  }
}

/** The same call with a nearer deadline. */
export function withTimeout(call: Call, timeoutMs: number): Call {
  return {
    requestId: call.requestId,
    signal: AbortSignal.any([call.signal, AbortSignal.timeout(timeoutMs)]),
    report: (progress) => call.report(progress),
  }
}

/** Throws {@link abortError} when the signal is aborted. */
export function checkAborted(signal: AbortSignal): void {
  if (signal.aborted) throw abortError(signal)
}

/** DEADLINE_EXCEEDED for a timeout, CANCELLED for anything else; a slash64 error given as the reason is itself. */
export function abortError(signal: AbortSignal, details: { readonly outcome?: "unknown" } = {}): Slash64Error {
  const reason: unknown = signal.reason
  if (isSlash64Error(reason)) return reason
  const timedOut = reason instanceof Error && reason.name === "TimeoutError"
  const hint = "Repeat the same request: what was done is found again, what was not is done."
  return timedOut
    ? new Slash64Error("DEADLINE_EXCEEDED", "the deadline passed", { hint, cause: reason, ...details })
    : new Slash64Error("CANCELLED", "the call was cancelled", { hint, cause: reason, ...details })
}

/** What `promise` gives, or {@link abortError} as soon as the signal is aborted; the work behind it goes on. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  checkAborted(signal)
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const leave = (): void => reject(abortError(signal))
  signal.addEventListener("abort", leave, { once: true })
  // The timer of AbortSignal.timeout holds no process open: where nothing else does, it would end without a word.
  const hold = setInterval(() => {}, 60_000)
  try {
    return await Promise.race([promise, aborted])
  } finally {
    clearInterval(hold)
    signal.removeEventListener("abort", leave)
  }
}

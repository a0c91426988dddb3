import { Slash64Error } from "@slash64/core"

/** The error of an aborted signal: DEADLINE_EXCEEDED when its time was over, else CANCELLED. */
export function cancelled(signal: AbortSignal): Slash64Error {
  const reason: unknown = signal.reason
  const late = reason instanceof Error && reason.name === "TimeoutError"
  return late
    ? new Slash64Error("DEADLINE_EXCEEDED", "the time for this call is over", { hint: "Call again.", cause: reason })
    : new Slash64Error("CANCELLED", "the call was cancelled", {
        hint: "Call again: a repeat completes it.",
        cause: reason,
      })
}

/** Resolves or rejects with `work`, or rejects when the signal is aborted first. */
export async function untilAborted<Value>(signal: AbortSignal, work: Promise<Value>): Promise<Value> {
  if (signal.aborted) throw cancelled(signal)
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(cancelled(signal))
  signal.addEventListener("abort", abort, { once: true })
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener("abort", abort)
  }
}

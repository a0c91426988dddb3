import pRetry from "p-retry"
import { isRetryable, isSlash64Error } from "../errors.ts"
import { abortError, checkAborted } from "../plugin/call.ts"
import type { Call } from "../plugin/call.ts"
import { failureOf } from "./road.ts"
import type { RoadRooms } from "./road.ts"

/** One step of a road: told to the caller, and not begun when the call is aborted. */
export function beginStep(call: Call, step: string): void {
  checkAborted(call.signal)
  call.report({ step })
}

/**
 * Does a step again when it says UNAVAILABLE, ABORTED or DEADLINE_EXCEEDED. The roads are the only ones who repeat
 * a mutation. An unknown outcome needs no look of our own before it: every verb that is given here looks for what
 * it makes by our id and finds it when the first try had made it.
 */
export async function repeat<T>(rooms: RoadRooms, call: Call, act: () => Promise<T>): Promise<T> {
  const { repeats, pauseMs } = rooms.patience
  try {
    return await pRetry(act, {
      retries: repeats,
      minTimeout: pauseMs,
      maxTimeout: 2_000,
      randomize: true,
      signal: call.signal,
      shouldRetry: ({ error }) => isSlash64Error(error) && isRetryable(error),
      onFailedAttempt: ({ error, retriesLeft }) => {
        const failure = failureOf(error)
        if (retriesLeft > 0 && isRetryable(failure))
          rooms.tell({ kind: "step-failed", ...failure, repeatsLeft: retriesLeft })
      },
    })
  } catch (error) {
    if (call.signal.aborted && !isSlash64Error(error)) throw abortError(call.signal)
    throw error
  }
}

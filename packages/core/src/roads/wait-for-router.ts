import pRetry from "p-retry"
import { Slash64Error, isRetryable, isSlash64Error } from "../errors.ts"
import { abortError, withTimeout } from "../plugin/call.ts"
import type { Call } from "../plugin/call.ts"
import type { RouterEndpoint, RouterStatus } from "../router/router-control.ts"
import type { Rooms } from "./rooms.ts"

/** Asks until the router answers. UNAVAILABLE with the last error as cause when it does not within `bootMs`. */
export async function waitForRouter(router: RouterEndpoint, rooms: Rooms, call: Call): Promise<RouterStatus> {
  const { bootMs, pauseMs } = rooms.patience
  const patient = withTimeout(call, bootMs)
  let last: unknown
  // Without a pause p-retry never yields, and no deadline could fire.
  try {
    return await pRetry(() => rooms.routers.status(router, patient), {
      retries: Number.POSITIVE_INFINITY,
      minTimeout: Math.max(pauseMs, 1),
      factor: 1,
      signal: patient.signal,
      shouldRetry: ({ error }) => isSlash64Error(error) && isRetryable(error),
      onFailedAttempt: ({ error }) => {
        last = error
      },
    })
  } catch (error) {
    if (call.signal.aborted) throw abortError(call.signal)
    if (!patient.signal.aborted) throw error
    throw new Slash64Error("UNAVAILABLE", `router ${router.routerId} did not answer within ${bootMs} ms of its start`, {
      hint: "Look at its console on the host, then repeat; if it does not boot: slash64 router remove, then start.",
      cause: last ?? error,
    })
  }
}

import { Slash64Error, isSlash64Error, messageOf } from "../errors.ts"
import type { Failure, RoadEvent, RoadFact, RoadName } from "../events/road-event.ts"
import { logEvent } from "../log/log-event.ts"
import type { Call } from "../plugin/call.ts"
import { redactText } from "../secrets/redact.ts"
import type { Rooms } from "./rooms.ts"

/** The rooms as a road has them: all that it tells goes to the subscribers and to the log from here. */
export interface RoadRooms extends Rooms {
  /** Tells what is durable by now. */
  tell(fact: RoadFact): void
}

/** A road of that name: tells how it ends and how long it took, and logs under the call's request id. */
export function road<Request, Answer>(
  name: RoadName,
  body: (request: Request, rooms: RoadRooms, call: Call) => Promise<Answer>,
): (request: Request, rooms: Rooms, call: Call) => Promise<Answer> {
  return async (request, rooms, call) => {
    const { requestId } = call
    const log = rooms.log.child({ requestId, road: name })
    const tell = (fact: RoadFact, error?: unknown): void => {
      const event: RoadEvent = { ...fact, requestId, road: name, at: new Date().toISOString() }
      logEvent(log, fact, error)
      rooms.events.tell(event)
    }
    const clock = startClock()
    const told: Call = {
      requestId,
      signal: call.signal,
      report(progress) {
        log.debug({ progress }, "step")
        call.report(progress)
      },
    }
    try {
      const answer = await body(request, { ...rooms, log, tell: (fact) => tell(fact) }, told)
      tell({ kind: "road-ended", durationMs: clock() })
      return answer
    } catch (error) {
      tell({ kind: "road-failed", durationMs: clock(), ...failureOf(error) }, error)
      throw error
    }
  }
}

/** Gives the milliseconds since it was started. */
export function startClock(): () => number {
  const start = performance.now()
  return () => Math.round((performance.now() - start) * 1000) / 1000
}

/** An error as an event tells it. */
export function failureOf(error: unknown): Failure {
  const known = isSlash64Error(error) ? error : new Slash64Error("INTERNAL", messageOf(error))
  return { code: known.code, message: redactText(known.message) }
}

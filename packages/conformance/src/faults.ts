import { Slash64Error } from "@slash64/core"
import type { Step, Verb } from "./memory-world.ts"

/** A hook for `MemoryWorld.intercept` and `MemoryRouters.intercept`. */
export type Intercept<S> = (step: S) => void | Promise<void>

/** The host acts, and its answer is lost, `times` times: UNAVAILABLE with `outcome: "unknown"`. */
export function loseAnswer(verb: Verb, times = 1): Intercept<Step> {
  let left = times
  return (step) => {
    if (step.verb !== verb || step.phase !== "after" || left === 0) return
    left -= 1
    throw lostAnswer(verb)
  }
}

/** The host cannot be reached, so it does nothing, `times` times. */
export function refuseToSend(verb: Verb, times = 1): Intercept<Step> {
  let left = times
  return (step) => {
    if (step.verb !== verb || step.phase !== "before" || left === 0) return
    left -= 1
    throw new Slash64Error("UNAVAILABLE", `${verb}: the host cannot be reached`, { hint: "Repeat." })
  }
}

export function lostAnswer(verb: string): Slash64Error {
  return new Slash64Error("UNAVAILABLE", `${verb}: the connection was cut before the answer came`, {
    outcome: "unknown",
    hint: "It may have been done: read back, then repeat.",
  })
}

import type { Disturb, Disturbance } from "../wire/disturb.ts"

interface Armed {
  readonly call: string
  readonly disturbance: Disturbance
  times: number
}

/** Disturbances that wait for their calls, in the order in which they were asked for. */
export class ArmedFaults {
  readonly #armed: Armed[] = []
  readonly #first: Disturb | undefined

  /** `first` is asked before any that waits. */
  constructor(first?: Disturb) {
    this.#first = first
  }

  arm(call: string, disturbance: Disturbance, times: number): void {
    if (!Number.isInteger(times) || times < 1) throw new Error(`times ${times} is not a whole number from 1 on`)
    this.#armed.push({ call, disturbance, times })
  }

  take(call: string): Disturbance | undefined {
    const asked = this.#first?.(call)
    if (asked !== undefined) return asked
    const found = this.#armed.find((one) => one.call === call)
    if (found === undefined) return undefined
    if (--found.times === 0) this.#armed.splice(this.#armed.indexOf(found), 1)
    return found.disturbance
  }
}

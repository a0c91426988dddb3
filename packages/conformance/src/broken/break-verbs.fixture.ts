import { setTimeout as delay } from "node:timers/promises"
import { Slash64Error, hostVerbs, newCall } from "@slash64/core"
import type { Call, HostEvent, HypervisorHost } from "@slash64/core"
import type { MemoryGround } from "../memory-ground.fixture.ts"

/** An adapter with one thing wrong. */
export interface BrokenHost {
  readonly broken: string
  /** The verbs that are other than those of `good`; asked for each connection. */
  readonly verbs: (good: HypervisorHost, ground: MemoryGround) => Partial<HypervisorHost>
  /** The names, or what they begin with, of the checks that must fail. */
  readonly seenBy: readonly string[]
  /** Checks that are run before those. */
  readonly after?: string
}

export const changing = [
  "ensureNetwork",
  "removeNetwork",
  "attachNic",
  "detachNic",
  "ensureTemplate",
  "removeTemplate",
  "ensureRouter",
  "removeRouter",
] as const

export const verbs = hostVerbs.filter((verb) => verb !== "close")
type Verb = (typeof verbs)[number]

/** The verb, with what it does given to `change`. */
export function around(
  good: HypervisorHost,
  verb: Verb,
  change: (act: (call?: Call) => Promise<unknown>, given: readonly unknown[]) => unknown,
): Partial<HypervisorHost> {
  const act: unknown = Reflect.get(good, verb)
  if (typeof act !== "function") throw new TypeError(verb)
  return {
    [verb]: async (...given: unknown[]) =>
      change(
        async (call) => Reflect.apply(act, good, call === undefined ? given : [...given.slice(0, -1), call]),
        given,
      ),
  }
}

/** Some verbs, each changed so. */
export function all(
  good: HypervisorHost,
  which: readonly Verb[],
  change: (act: (call?: Call) => Promise<unknown>, given: readonly unknown[]) => unknown,
): Partial<HypervisorHost> {
  return Object.assign({}, ...which.map((verb) => around(good, verb, change)))
}

export const fault = (code: "INTERNAL" | "NOT_FOUND" | "ABORTED" | "ALREADY_EXISTS" | "UNIMPLEMENTED"): Slash64Error =>
  new Slash64Error(code, "broken on purpose")

export const failing = (code: Parameters<typeof fault>[0]) => async (): Promise<never> => {
  throw fault(code)
}

export const nothing = async (): Promise<void> => {}
export const noSignal = (): Call => newCall({ timeoutMs: 10_000 })

export const notLive = (nic: unknown): unknown => ({ ...Object(nic), live: false })

/** Ends by itself at last, so that a test that is broken too does not hang. */
export async function* silence(): AsyncGenerator<HostEvent> {
  yield* await delay(30_000, [], { ref: false })
}

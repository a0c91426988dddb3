import { z } from "zod"

/** What is asked of a running lab host beside XAPI, by the name of the method. */
export const controlCalls = {
  show: z.strictObject({}),
  disturb: z.strictObject({
    call: z.string().min(1),
    disturbance: z.discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("close-unheard") }),
      z.strictObject({ kind: z.literal("close-after") }),
      z.strictObject({ kind: z.literal("become-slave") }),
      z.strictObject({ kind: z.literal("delay"), ms: z.int().min(0).max(600_000) }),
      z.strictObject({ kind: z.literal("fail"), error: z.tuple([z.string().min(1)], z.string()) }),
    ]),
    times: z.int().min(1).default(1),
  }),
  "become-master": z.strictObject({ host: z.string() }),
  "take-down": z.strictObject({ host: z.string() }),
  "bring-up": z.strictObject({ host: z.string() }),
  "ask-agent": z.strictObject({
    vm: z.uuid(),
    command: z.string().regex(/^guest-[a-z0-9-]+$/),
    words: z.record(z.string(), z.unknown()).default({}),
  }),
  "read-console": z.strictObject({ vm: z.uuid() }),
  stop: z.strictObject({}),
} as const

export type ControlMethod = keyof typeof controlCalls

/** What each method does with its parameters. */
export type ControlDeeds = {
  readonly [M in ControlMethod]: (params: z.infer<(typeof controlCalls)[M]>) => unknown
}

export function isControlMethod(name: string): name is ControlMethod {
  return Object.hasOwn(controlCalls, name)
}

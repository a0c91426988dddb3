import { readFileSync } from "node:fs"
import { join } from "node:path"
import { z } from "zod"
import { callRaw } from "./xapi-client.ts"

const recordedStep = z.strictObject({
  call: z.string(),
  params: z.array(z.unknown()),
  save: z.string().optional(),
  result: z.unknown().optional(),
  error: z.strictObject({ message: z.string(), data: z.array(z.string()) }).optional(),
  match: z.literal("subset").optional(),
  note: z.string().optional(),
})
const transcripts = z.object({
  scenarios: z.array(z.object({ name: z.string(), about: z.string(), steps: z.array(recordedStep) })),
})
type Step = z.infer<typeof recordedStep>
export type Scenario = z.infer<typeof transcripts>["scenarios"][number]

export function readScenarios(): readonly Scenario[] {
  const file = join(import.meta.dirname, "../fixtures/xapi/transcripts.json")
  return transcripts.parse(JSON.parse(readFileSync(file, "utf8"))).scenarios
}

type Saved = Map<string, unknown>

/** What the recorder picked out of an answer by eye, by its own words; each throws when the answer has no such thing. */
const picks: Readonly<Record<string, (result: unknown) => unknown>> = {
  "the ref of the physical PIF of device eth1, VLAN -1": (result) =>
    only(
      Object.entries(pifs.parse(result))
        .filter(([, pif]) => pif.device === "eth1" && pif.VLAN === -1 && pif.physical)
        .map(([ref]) => ref),
    ),
  "a list of one PIF ref per live host; the first is saved": first,
  "the ref of a template named debian-12-golden with one disk": only,
  template: only,
  "one VBD; its ref is saved": only,
  "one VBD": only,
  "the one pool": only,
  "an object {events, token, valid_ref_counts}; the token is saved": (result) => {
    const { events, token, valid_ref_counts } = eventBatch.parse(result)
    if (events.length === 0 || valid_ref_counts["network"] !== events.length) throw new Error("not every network")
    return token
  },
  "idle: events [] after the timeout": noEvents,
  "no events": noEvents,
}

const pifs = z.record(z.string(), z.object({ device: z.string(), VLAN: z.number(), physical: z.boolean() }))
const eventBatch = z.object({
  events: z.array(z.unknown()),
  token: z.string(),
  valid_ref_counts: z.record(z.string(), z.number()),
})

/** Plays a scenario, and gives a line for each step that answers otherwise than the recording. */
export async function replay(
  url: string,
  { steps }: Scenario,
  passwords: readonly [string, string],
): Promise<string[]> {
  const saved: Saved = new Map()
  const differences: string[] = []
  for (const [index, step] of steps.entries()) {
    const params = step.params.map((param) => (param === passwords[0] ? passwords[1] : fill(param, saved)))
    const answer = await callRaw(url, step.call, params)
    const problem = compare(step, answer, saved)
    if (problem !== undefined) differences.push(`${index} ${step.call}: ${problem} in ${JSON.stringify(answer)}`)
  }
  return differences
}

function compare(step: Step, answer: Awaited<ReturnType<typeof callRaw>>, saved: Saved): string | undefined {
  if (step.error !== undefined) {
    const { message, data } = step.error
    const wanted = { code: 1, message, data }
    return matches(wanted, answer.error, saved, false) ? undefined : `expected error ${JSON.stringify(wanted)}`
  }
  if (answer.error !== undefined) return "an error"
  const { result } = answer
  const picked = typeof step.result === "string" ? /^<picked: (.*)>$/.exec(step.result)?.[1] : undefined
  if (picked !== undefined) {
    const pick = picks[picked]
    if (pick === undefined) throw new Error(`no rule picks ${JSON.stringify(picked)}`)
    const value = pick(result)
    if (step.save !== undefined) saved.set(step.save, value)
    return undefined
  }
  if (step.save !== undefined) saved.set(step.save, result)
  return matches(step.result, result, saved, step.match === "subset")
    ? undefined
    : `expected ${JSON.stringify(step.result)}`
}

const kinds: Readonly<Record<string, RegExp>> = {
  "<ref>": /^OpaqueRef:[0-9a-f-]{36}$/,
  "<uuid>": /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
}

function matches(wanted: unknown, given: unknown, saved: Saved, subset: boolean): boolean {
  if (typeof wanted === "string") {
    const kind = kinds[wanted]
    return kind === undefined ? fill(wanted, saved) === given : typeof given === "string" && kind.test(given)
  }
  if (typeof wanted !== "object" || wanted === null) return wanted === given
  if (typeof given !== "object" || given === null || Array.isArray(wanted) !== Array.isArray(given)) return false
  if (!subset && Object.keys(wanted).length !== Object.keys(given).length) return false
  const values: Readonly<Record<string, unknown>> = { ...given }
  return Object.entries(wanted).every(([key, value]) => matches(value, values[key], saved, subset))
}

function fill(value: unknown, saved: Saved): unknown {
  if (typeof value === "string" && value.startsWith("$")) return saved.get(value.slice(1))
  if (Array.isArray(value)) return value.map((one) => fill(one, saved))
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, fill(one, saved)]))
}

function first(result: unknown): unknown {
  if (!Array.isArray(result) || result.length === 0) throw new Error(`none in ${JSON.stringify(result)}`)
  return result[0]
}

function only(result: unknown): unknown {
  if (!Array.isArray(result) || result.length !== 1) throw new Error(`not one in ${JSON.stringify(result)}`)
  return result[0]
}

function noEvents(result: unknown): undefined {
  const { events } = eventBatch.parse(result)
  if (events.length !== 0) throw new Error(`${events.length} events`)
}

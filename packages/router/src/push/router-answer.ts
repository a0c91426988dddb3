import { Slash64Error, quote, type ErrorCode, type RouterStatus } from "@slash64/core"
import { z } from "zod"
import type { ProgramAnswer } from "./router-program.ts"

/** The codes of `slash64-router`, and ours. BASE never leaves this package: the push answers it by sending more. */
const codes = {
  STALE: "ABORTED",
  BASE: "ABORTED",
  BUSY: "ABORTED",
  REFUSED: "FAILED_PRECONDITION",
  INVALID: "INTERNAL",
  FAILED: "INTERNAL",
} as const satisfies Record<string, ErrorCode>

const hints: Record<RefusalCode, string> = {
  STALE: "read the store and render again",
  BASE: "read the router's manifest again",
  BUSY: "try again: others push to this router, or it is still starting",
  REFUSED: "the router went on with its last good generation; see its words in native",
  INVALID: "the router's template and this driver may be of different versions: start the router from this template",
  FAILED: "see the router's words in native",
}

const diskFullHint =
  "the router's state partition is full and it goes on with its last good generation: remove the router and start it again"

type RefusalCode = keyof typeof codes

const refusalLine = z.object({
  error: z.enum(["STALE", "BASE", "BUSY", "REFUSED", "INVALID", "FAILED"]),
  message: z.string(),
  detail: z.unknown().optional(),
})

const whole = z.number().int().nonnegative()
const statusLine = z.object({
  routerId: z.string(),
  version: z.string(),
  revision: whole,
  generation: whole,
  bootMs: whole,
  services: z.record(z.string(), z.enum(["running", "stopped"])),
  drifted: z.array(z.string()),
  leases: z.array(z.object({ address: z.string(), client: z.string(), expiresAt: whole })),
  advertisers: z.array(z.object({ address: z.string(), managed: z.boolean(), autonomous: z.boolean() })).optional(),
})
const appliedLine = z.object({ revision: whole, generation: whole, digest: z.string() })

export type AppliedAnswer = z.infer<typeof appliedLine>

/** What a command said no with, as one of our errors; `native` holds the router's own words. */
export interface Refusal {
  readonly code: RefusalCode
  readonly detail: unknown
  readonly error: Slash64Error
}

/** The refusal in a command's result, undefined where it went well. Throws for an answer that is none of the protocol's. */
export function findRefusal(result: ProgramAnswer, router: { readonly routerId: string }): Refusal | undefined {
  if (result.exitCode === 0) return undefined
  const line = refusalLine.safeParse(readLine(result.text))
  if (!line.success) throw strangeAnswer(result, router)
  const { error: code, message, detail } = line.data
  const native = { code, message, detail }
  const words = `router ${router.routerId}: ${message}`
  if (code === "FAILED" && /No space left on device/.test(String(detail)))
    return { code, detail, error: new Slash64Error("RESOURCE_EXHAUSTED", words, { native, hint: diskFullHint }) }
  return { code, detail, error: new Slash64Error(codes[code], words, { native, hint: hints[code] }) }
}

export function parseStatus(result: ProgramAnswer, router: { readonly routerId: string }): RouterStatus {
  return parseWith(statusLine, result, router)
}

export function parseApplied(result: ProgramAnswer, router: { readonly routerId: string }): AppliedAnswer {
  return parseWith(appliedLine, result, router)
}

function parseWith<Value>(
  schema: z.ZodType<Value>,
  result: ProgramAnswer,
  router: { readonly routerId: string },
): Value {
  const line = schema.safeParse(readLine(result.text))
  if (!line.success) throw strangeAnswer(result, router)
  return line.data
}

function readLine(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function strangeAnswer({ exitCode, text }: ProgramAnswer, router: { readonly routerId: string }): Slash64Error {
  const native = { exitCode, text: text.slice(0, 2000) }
  const words = `router ${router.routerId}: slash64-router gave exit code ${exitCode} and ${quote(text)}`
  const hint = "the router's template and this driver may be of different versions: start the router from this template"
  return new Slash64Error("INTERNAL", words, { native, hint })
}

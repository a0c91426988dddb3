import { abortError, checkAborted, messageOf } from "@slash64/core"
import type { Call, HypervisorHost } from "@slash64/core"
import { Bench } from "./bench.ts"
import type { Check } from "./bench.ts"
import { conformanceChecks } from "./conformance-checks.ts"
import { LeftOut } from "./fixtures.ts"
import type { ConformanceFixtures } from "./fixtures.ts"

/** What became of a check. `deviation`: it failed, as its plugin says that it does. */
export type CheckOutcome =
  | { readonly result: "passed" }
  | { readonly result: "failed"; readonly reason: string; readonly error: unknown }
  | { readonly result: "left out" | "deviation"; readonly reason: string }

export interface CheckResult {
  readonly check: string
  readonly result: CheckOutcome["result"]
  readonly seconds: number
  /** Why it failed, was left out or may fail; absent for one that passed. */
  readonly reason?: string
}

export interface ConformanceRun {
  connect(call: Call): Promise<HypervisorHost>
  readonly fixtures: ConformanceFixtures
  /** Checks that the adapter does not pass, by name, each with the reason. */
  readonly deviations?: Readonly<Record<string, string>>
  /** Which checks; default: {@link conformanceChecks}. */
  readonly checks?: readonly Check[]
  /** Ends the run: what it made is taken away, and it rejects with CANCELLED or DEADLINE_EXCEEDED. */
  readonly signal?: AbortSignal
  /** Told before each check. */
  onCheck?(check: string, done: number, total: number): void
}

/** Told only where it failed. */
const tidied = "the suite: takes away the template that it brought, and closes its connection"

/** Runs the suite on a host, one check after the other; a check that fails ends nothing. */
export async function runConformance(run: ConformanceRun): Promise<readonly CheckResult[]> {
  const { checks = conformanceChecks, deviations = {}, signal } = run
  if (signal !== undefined) checkAborted(signal)
  const bench = await Bench.open((call) => run.connect(call), run.fixtures, signal)
  const results: CheckResult[] = []
  let isWhole = false
  try {
    for (const check of checks) {
      run.onCheck?.(check.name, results.length, checks.length)
      const start = performance.now()
      const outcome = await runCheck(check, bench, deviations)
      if (signal?.aborted === true) throw abortError(signal)
      const seconds = Math.round(performance.now() - start) / 1000
      const reason = outcome.result === "passed" ? {} : { reason: outcome.reason }
      results.push({ check: check.name, result: outcome.result, seconds, ...reason })
    }
    isWhole = true
  } finally {
    await bench.close().catch((error: unknown) => {
      if (isWhole) results.push({ check: tidied, result: "failed", seconds: 0, reason: messageOf(error) })
    })
  }
  return results
}

/** One check, and what it made taken away; a deviation that passes has failed: it has come to its end. */
export async function runCheck(
  check: Check,
  bench: Bench,
  deviations: Readonly<Record<string, string>> = {},
): Promise<CheckOutcome> {
  const outcome = await tryCheck(check, bench)
  const deviation = Object.hasOwn(deviations, check.name) ? deviations[check.name] : undefined
  if (deviation === undefined || outcome.result === "left out") return outcome
  if (outcome.result === "failed") return { result: "deviation", reason: deviation }
  const reason = `passes, and the plugin names it as a deviation: ${deviation}`
  return { result: "failed", reason, error: new Error(reason) }
}

async function tryCheck(check: Check, bench: Bench): Promise<CheckOutcome> {
  try {
    try {
      await check.run(bench)
    } finally {
      await bench.clean()
    }
    return { result: "passed" }
  } catch (error) {
    if (error instanceof LeftOut) return { result: "left out", reason: error.message }
    return { result: "failed", reason: messageOf(error), error }
  }
}

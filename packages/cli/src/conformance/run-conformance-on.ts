import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { conformanceChecks, removeLeftovers, runConformance } from "@slash64/conformance"
import type { Check, CheckResult } from "@slash64/conformance"
import { connectHost, invalid, newCall } from "@slash64/core"
import type { Call, HypervisorHost } from "@slash64/core"
import type { Answer } from "../answer.ts"
import { exitCodes } from "../exit-code.ts"
import { table } from "../output/table.ts"
import type { Session } from "../session.ts"
import { prepareFixtures } from "./prepare-fixtures.ts"
import type { FixtureOptions } from "./prepare-fixtures.ts"

export interface ConformanceOptions extends FixtureOptions {
  readonly host?: string | undefined
  readonly only?: string | undefined
}

/** How long the last tidying up may take after the command was interrupted. */
const tidyMs = 60_000

/** Runs the checks on a configured host, through connections of their own. */
export async function runConformanceOn(session: Session, options: ConformanceOptions): Promise<Answer> {
  const checks = chooseChecks(options.only)
  const record = await session.hostRecord(await session.hostName(options.host))
  const plugin = await session.plugin(record.plugin)
  const connect = (call: Call): Promise<HypervisorHost> => connectHost(plugin, record.config, call)
  const folder = await mkdtemp(join(tmpdir(), "slash64-conformance-"))
  try {
    const fixtures = await prepareFixtures(session, record.name, options, folder)
    const leftovers = await tidy(connect, session.call)
    const results = await runConformance({
      connect,
      fixtures,
      ...(plugin.deviations !== undefined && { deviations: plugin.deviations }),
      checks,
      signal: session.call.signal,
      onCheck: (step, done, total) => session.call.report({ step, done: done + 1, total }),
    })
    return toAnswer({ host: record.name, plugin: plugin.name, leftovers, results })
  } catch (error) {
    // What a check was about to make when it was interrupted may have been made after it was taken away.
    if (session.call.signal.aborted) {
      await tidy(connect, newCall({ timeoutMs: tidyMs })).catch((reason: unknown) => {
        session.log.warn({ error: reason }, "not all was taken away: the next run does it")
      })
    }
    throw error
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function chooseChecks(only: string | undefined): readonly Check[] {
  const checks = conformanceChecks.filter(({ name }) => only === undefined || name.includes(only))
  if (checks.length > 0) return checks
  throw invalid("--only", only, "is in the name of no check", "Give a verb, such as attachNic.")
}

async function tidy(connect: (call: Call) => Promise<HypervisorHost>, call: Call): Promise<number> {
  call.report({ step: "looking for what an earlier run left" })
  const host = await connect(call)
  try {
    return await removeLeftovers(host, call)
  } finally {
    await host.close()
  }
}

interface Report {
  readonly host: string
  readonly plugin: string
  /** How many things of an earlier run were taken away first. */
  readonly leftovers: number
  readonly results: readonly CheckResult[]
}

function toAnswer({ results, ...run }: Report): Answer {
  const count = (result: CheckResult["result"]): number => results.filter((one) => one.result === result).length
  const failed = count("failed")
  const counts = { passed: count("passed"), failed, leftOut: count("left out"), deviations: count("deviation") }
  const rows = results.map(({ check, result, seconds, reason }) => [check, result, seconds.toFixed(1), reason])
  const tally = `${counts.passed} passed, ${failed} failed, ${counts.leftOut} left out, ${counts.deviations} deviations`
  const earlier = run.leftovers === 0 ? "" : `; ${run.leftovers} things of an earlier run were taken away first`
  return {
    json: { ...run, ...counts, checks: results },
    text: `${table(["check", "result", "seconds", "reason"], rows, "")}\n\n${run.host}: ${tally}${earlier}`,
    ...(failed > 0 && { exitCode: exitCodes.FAILED_PRECONDITION }),
  }
}

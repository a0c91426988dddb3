import { apply, plan } from "@slash64/core"
import type { OutdatedRouter, PlanProblem, PlanStep } from "@slash64/core"
import type { Answer } from "../answer.ts"
import { exitCodes } from "../exit-code.ts"
import { table } from "../output/table.ts"
import type { Session } from "../session.ts"

export async function showPlan(session: Session, network: string | undefined): Promise<Answer> {
  const planned = await plan(request(network), await session.rooms(), session.call)
  const { steps, problems, outdated } = planned
  return {
    json: planned,
    text: [stepTable(steps, "nothing to do"), ...problemLines(problems), ...outdated.map(outdatedLine)].join("\n"),
    ...(steps.length + problems.length > 0 && { exitCode: exitCodes.FAILED_PRECONDITION }),
  }
}

export async function applyPlan(session: Session, network: string | undefined): Promise<Answer> {
  const applied = await apply(request(network), await session.rooms(), session.call)
  return {
    json: applied,
    text: [stepTable(applied.done, "nothing was to do"), ...problemLines(applied.problems)].join("\n"),
    ...(applied.problems.length > 0 && { exitCode: exitCodes.FAILED_PRECONDITION }),
  }
}

export function problemLines(problems: readonly PlanProblem[]): readonly string[] {
  return problems.map(({ subject, problem, hint }) => `problem: ${subject}: ${problem}. ${hint}`)
}

/** Not a step: whoever wants it says so, because guests wait meanwhile. */
function outdatedLine({ networkId, templateVersion, newest }: OutdatedRouter): string {
  return `router of ${networkId}: template ${templateVersion}, and ${newest} is newer: slash64 router upgrade ${networkId}`
}

function request(network: string | undefined): { readonly network?: string } {
  return network === undefined ? {} : { network }
}

function stepTable(steps: readonly PlanStep[], none: string): string {
  return table(
    ["step", "network", "host", "nic", "why"],
    steps.map((step) => [step.kind, step.networkId, step.host, "nicId" in step ? step.nicId : undefined, step.why]),
    none,
  )
}

import type { PlanProblem } from "@slash64/core"

/** A problem and what to do about it, in one line. */
export function problemText({ subject, problem, hint }: PlanProblem): string {
  return `${subject}: ${problem}. ${hint}`
}

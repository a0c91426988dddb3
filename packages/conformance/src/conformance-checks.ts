import type { Check } from "./bench.ts"
import { callChecks, closeChecks } from "./checks/call-checks.ts"
import { capabilityChecks } from "./checks/capability-checks.ts"
import { disturbedChecks } from "./checks/disturbed-checks.ts"
import { hostChecks } from "./checks/host-checks.ts"
import { networkChecks } from "./checks/network-checks.ts"
import { nicChecks } from "./checks/nic-checks.ts"
import { portChecks } from "./checks/port-checks.ts"
import { routerChecks } from "./checks/router-checks.ts"
import { streamChecks } from "./checks/stream-checks.ts"
import { templateChecks } from "./checks/template-checks.ts"
import { watchChecks } from "./checks/watch-checks.ts"

/** The contract as checks, in the order in which they are run: the last ones look back at all others. */
export const conformanceChecks: readonly Check[] = [
  ...hostChecks,
  ...capabilityChecks,
  ...networkChecks,
  ...nicChecks,
  ...portChecks,
  ...templateChecks,
  ...routerChecks,
  ...streamChecks,
  ...watchChecks,
  ...callChecks,
  ...disturbedChecks,
  ...closeChecks,
]

import type { Check } from "./bench.ts"
import { disturbedChecks } from "./checks/disturbed-checks.ts"
import { closeChecks, hostChecks } from "./checks/host-checks.ts"
import { networkChecks } from "./checks/network-checks.ts"
import { nicChecks } from "./checks/nic-checks.ts"
import { routerChecks, templateChecks } from "./checks/router-checks.ts"

/** The contract as checks, in the order in which they are run: the last ones look back at all others. */
export const conformanceChecks: readonly Check[] = [
  ...hostChecks,
  ...networkChecks,
  ...nicChecks,
  ...templateChecks,
  ...routerChecks,
  ...disturbedChecks,
  ...closeChecks,
]

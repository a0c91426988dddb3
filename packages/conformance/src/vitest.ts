import { afterAll, beforeAll, describe, it } from "vitest"
import { hostVerbs, optionalHostVerbs } from "@slash64/core"
import type { Call, HypervisorHost } from "@slash64/core"
import { Bench } from "./bench.ts"
import type { Check } from "./bench.ts"
import { disturbedChecks } from "./checks/disturbed-checks.ts"
import { conformanceChecks } from "./conformance-checks.ts"
import type { ConformanceFixtures } from "./fixtures.ts"
import type { Verb } from "./memory-world.ts"
import { runCheck } from "./run-conformance.ts"

export { describeStore } from "./store/describe-store.ts"
export type { StoreSuiteOptions } from "./store/store-bench.ts"

export interface ConformanceOptions {
  /** Names the adapter in the test report: `kvm on libvirt 9.0`. */
  readonly name: string
  connect(call: Call): Promise<HypervisorHost>
  /** Called once, before the first check; may start what the suite needs. */
  fixtures(): Promise<ConformanceFixtures>
  /**
   * Checks that this adapter does not pass, by name, each with the reason; a plugin that has any lists them as its
   * `deviations`. The suite says it when one of them passes after all, or does not exist: a deviation has an end.
   */
  readonly deviations?: Readonly<Record<string, string>> | undefined
  /** Only the checks of these verbs: for a further run on the same host, in which all others would be the same. */
  readonly verbs?: readonly Verb[]
  /**
   * Verbs without the checks that abort them or lose their answers, which take a call for each request that the verb
   * sends: for where that is another run's.
   */
  readonly undisturbed?: readonly Verb[]
}

/** The contract as a vitest suite: one test for each behaviour; one whose fixture is absent is skipped, with the reason. */
export function describeHypervisorConformance(options: ConformanceOptions): void {
  const deviations = options.deviations ?? {}
  describe(`conformance of ${options.name}`, () => {
    let bench: Bench

    beforeAll(async () => {
      bench = await Bench.open((call) => options.connect(call), await options.fixtures())
    })
    afterAll(() => bench.close())

    const register = it
    for (const check of conformanceChecks.filter((one) => isWanted(one, options))) {
      const reason = deviations[check.name]
      register(reason === undefined ? check.name : `${check.name} (deviation: ${reason})`, async (context) => {
        const outcome = await runCheck(check, bench, deviations)
        if (outcome.result === "failed") throw outcome.error
        if (outcome.result === "left out") context.skip(outcome.reason)
      })
    }

    it("names only deviations that exist", ({ expect }) => {
      const names = new Set(conformanceChecks.map((check) => check.name))
      expect(Object.keys(deviations).filter((name) => !names.has(name))).toEqual([])
    })
  })
}

function isWanted(check: Check, { verbs, undisturbed = [] }: ConformanceOptions): boolean {
  return isOf(check, verbs) && !(disturbedChecks.includes(check) && isOf(check, undisturbed))
}

/** What a check is of stands first in its name; those that look back at all others are always run. */
function isOf({ name }: Check, verbs: readonly Verb[] | undefined): boolean {
  const words = new Set(name.split(":")[0]?.split(/[^A-Za-z]+/))
  const named = [...hostVerbs, ...optionalHostVerbs].filter((verb) => words.has(verb))
  return verbs === undefined || name.startsWith("foreign objects") || named.some((verb) => verbs.includes(verb))
}

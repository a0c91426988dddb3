import { z } from "zod"

/** What one run of a test project came to. */
export interface Tally {
  readonly passed: number
  readonly failed: number
  /** Full names of the tests that did not run, `todo` included; not of those in a file that failed as a whole. */
  readonly skipped: readonly string[]
  /** Full names of all tests of the run. */
  readonly names: readonly string[]
}

const report = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })),
    }),
  ),
})

/**
 * Reads the report of vitest's JSON reporter. A file that failed as a whole (an import, a hook) counts as one
 * failure, and so does a run that ended in failure though no test did: an unhandled rejection, a crashed worker.
 */
export function readTally(text: string, exitCode: number): Tally {
  const files = report.parse(JSON.parse(text)).testResults
  const tests = files.flatMap((file) => file.assertionResults)
  const failedTests = tests.filter((test) => test.status === "failed").length
  const failedFiles = files.filter(failedAsWhole)
  const failed = failedTests + failedFiles.length
  const judged = files.filter((file) => !failedAsWhole(file)).flatMap((file) => file.assertionResults)
  return {
    passed: tests.filter((test) => test.status === "passed").length,
    failed: failed === 0 && exitCode !== 0 ? 1 : failed,
    skipped: judged.filter((test) => test.status !== "passed" && test.status !== "failed").map((test) => test.fullName),
    names: tests.map((test) => test.fullName),
  }
}

/** An import or a hook failed, and no test by itself; what it kept from running is no skip of its own. */
function failedAsWhole(file: z.output<typeof report>["testResults"][number]): boolean {
  return file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed")
}

/** A run that left no report behind is one failure. */
export const crashed: Tally = { passed: 0, failed: 1, skipped: [], names: [] }

/**
 * `npm test`: type check, lint, format, unit tests and the integration tests on a real libvirtd and QEMU; with
 * `--all` the long tests too, with `--unit` nothing that needs root. Ends with `N passed, N failed, N skipped`.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { judgeSkips, parseAllowedSkips, staleSkips } from "./judge-skips.ts"
import { runProgram } from "./run-program.ts"
import { crashed, readTally } from "./tally.ts"
import type { Tally } from "./tally.ts"

const minute = 60_000
const root = join(import.meta.dirname, "../../..")
const { values: options } = parseArgs({ options: { all: { type: "boolean" }, unit: { type: "boolean" } } })

const checks = [
  ["type check", "tsc", "-b"],
  ["lint", "oxlint", "--type-aware", "--deny-warnings"],
  ["format (npm run format mends it)", "prettier", "--check", "--log-level", "warn", "."],
] as const

const projects = [
  { name: "unit", deadlineMs: 8 * minute, wanted: true },
  { name: "integration", deadlineMs: 45 * minute, wanted: options.unit !== true },
  { name: "long", deadlineMs: 120 * minute, wanted: options.all === true },
].filter(({ wanted }) => wanted)

process.chdir(root)
const problems: string[] = []

for (const [what, program, ...args] of checks) {
  process.stderr.write(`slash64: ${what}\n`)
  if ((await runProgram(program, args, 5 * minute)) !== 0) problems.push(`${what} failed`)
}

if (options.unit !== true && (await prepareMachine()) !== 0) {
  problems.push("the integration tests cannot run here: see above; `npm test -- --unit` runs what needs no root")
  projects.splice(1)
}

const tallies: Tally[] = []
for (const project of projects) tallies.push(await runProject(project.name, project.deadlineMs))

const list = parseAllowedSkips(readFileSync("test/allowed-skips.json", "utf8"))
const skips = judgeSkips(
  tallies.flatMap((tally) => tally.skipped),
  list,
)
problems.push(...skips.forbidden.map((test) => `skipped and not on test/allowed-skips.json: ${test}`))
if (options.all === true) {
  const names = tallies.flatMap((tally) => tally.names)
  problems.push(...staleSkips(names, list).map(({ test }) => `test/allowed-skips.json names no test: ${test}`))
}

const passed = tallies.reduce((sum, tally) => sum + tally.passed, 0)
const failed = tallies.reduce((sum, tally) => sum + tally.failed, problems.length)
for (const { test, reason } of skips.allowed) process.stdout.write(`skipped: ${test}: ${reason}\n`)
for (const problem of problems) process.stdout.write(`failed: ${problem}\n`)
process.stdout.write(`${passed} passed, ${failed} failed, ${skips.allowed.length} skipped\n`)
process.exitCode = failed === 0 ? 0 : 1

async function runProject(name: string, deadlineMs: number): Promise<Tally> {
  process.stderr.write(`slash64: ${name} tests\n`)
  const folder = mkdtempSync(join(tmpdir(), "slash64-check-"))
  const report = join(folder, "report.json")
  try {
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`]
    const code = await runProgram("vitest", ["run", "--project", name, ...reporters], deadlineMs)
    if (code === 124) problems.push(`the ${name} tests were ended after ${deadlineMs / minute} minutes`)
    return readTally(readFileSync(report, "utf8"), code)
  } catch {
    return crashed
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function prepareMachine(): Promise<number> {
  const code = await runProgram("sh", ["tools/setup/debian-packages.sh"], 15 * minute)
  if (code === 0 && process.getuid?.() !== 0) {
    process.stderr.write("slash64: the integration tests make bridges and start libvirtd: run npm test as root\n")
    return 1
  }
  return code
}

import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { Command } from "commander"
import { describeCommit, describeMachine } from "./machine.ts"
import { measures, pickMeasures } from "./measures.ts"
import { findTable, renderDocument, renderTable } from "./render/render-document.ts"
import { renderMachine, renderText } from "./render/render-text.ts"
import type { MeasureResult, Report } from "./report.ts"
import { runMeasure } from "./run-measure.ts"

const root = join(import.meta.dirname, "../../..")

export interface BenchWorld {
  readonly out: (text: string) => void
  /** What goes on, for a terminal. */
  readonly progress: (text: string) => void
  readonly signal: AbortSignal
}

interface Options {
  readonly dir: string
  readonly json?: boolean
  readonly write: boolean
}

/**
 * Runs the measures that the arguments name, and gives the exit code: a missed target is printed and is 0, a measure
 * that was asked for by name and cannot run here is 1. An error is thrown.
 */
export async function runBench(args: readonly string[], world: BenchWorld): Promise<number> {
  let exitCode = 0
  const list = measures.map(({ id, alias, title }) => `  ${[id, alias].filter(Boolean).join(", ").padEnd(12)}${title}`)
  const program = new Command("npm run bench --")
    .description("Measures slash64 against its peers and limits, each in turn, and prints the ratios.")
    .argument("[measures...]", "some of the measures; all when none is named", parseName)
    .option("--dir <directory>", "where databases are measured: on the file system that counts", "/var/tmp")
    .option("--json", "print one line of JSON in place of text")
    .option("--no-write", "leave docs/benchmarks.md and the README as they are, after a whole run too")
    .addHelpText("after", `\nMeasures:\n${list.join("\n")}`)
    .action(async (names: readonly string[], options: Options) => {
      const report = await measure(names, options, world)
      if (options.json === true) world.out(`${JSON.stringify(report)}\n`)
      if (names.length === 0 && options.write) await writeDocuments(report)
      if (names.length > 0 && report.measures.some(({ skipped }) => skipped !== undefined)) exitCode = 1
    })
  await program.parseAsync([...args], { from: "user" })
  return exitCode
}

function parseName(name: string, before: readonly string[] = []): readonly string[] {
  pickMeasures([name])
  return [...before, name]
}

async function measure(names: readonly string[], { dir, json }: Options, world: BenchWorld): Promise<Report> {
  const picked = pickMeasures(names)
  const [machine, commit, date] = [await describeMachine(dir), await describeCommit(), new Date().toISOString()]
  const out = json === true ? () => undefined : world.out
  out(`${renderMachine(machine)}; commit ${commit}\n`)
  const results: MeasureResult[] = []
  for (const each of picked) {
    const result = await runMeasure(each, { ...world, parent: dir })
    results.push(result)
    out(renderText(result))
  }
  return { date, commit, machine, measures: results }
}

async function writeDocuments(report: Report): Promise<void> {
  await writeFile(join(root, "docs/benchmarks.md"), renderDocument(report))
  const readme = await readFile(join(root, "README.md"), "utf8")
  const table = findTable(readme)
  if (table === undefined) throw new Error("README.md has no marks for the table of benchmarks")
  await writeFile(
    join(root, "README.md"),
    readme.replace(table, () => renderTable(report)),
  )
}

import type { ComparisonResult } from "../compare.ts"
import { formatFigures, formatNumber, formatRatio } from "../figures.ts"
import type { MeasureResult, Report } from "../report.ts"
import { renderMachine, renderTarget } from "./render-text.ts"

export const tableStart = "<!-- benchmarks: written by npm run bench -->"
export const tableEnd = "<!-- end of benchmarks -->"

/** docs/benchmarks.md, whole. */
export function renderDocument(report: Report): string {
  return `# Benchmarks

\`npm run bench\` wrote this page and the README's table; no figure is written by hand. Each ratio is the median of
rounds in which ours and the peer take turns, with the least and the greatest beside it. A missed target is a fact of
this run, not an error.

${renderTable(report)}

${report.measures.map(section).join("\n\n")}
`
}

/** The table between its marks, for docs/benchmarks.md and for the README. */
export function renderTable({ commit, date, machine, measures }: Report): string {
  const rows = measures.flatMap((measure) =>
    measure.skipped === undefined
      ? measure.comparisons.map((comparison) => row(measure, comparison))
      : [`| ${measure.id} | ${measure.title} | not measured | | |`],
  )
  return `${tableStart}
| | ours / peer | ratio (least to greatest) | target | |
|---|---|---|---|---|
${rows.join("\n")}

${date.slice(0, 10)}, commit ${commit}; ${renderMachine(machine)}.
${tableEnd}`
}

/** The table of a document, with its marks; undefined where it has none. */
export function findTable(document: string): string | undefined {
  const [start, end] = [document.indexOf(tableStart), document.indexOf(tableEnd)]
  return start === -1 || end < start ? undefined : document.slice(start, end + tableEnd.length)
}

function row({ id, title }: MeasureResult, comparison: ComparisonResult): string {
  const { by, target, met, ratio, ours, peer } = comparison
  const what = `${title}, ${comparison.title}: ${ours.name} / ${peer.name}${peer.source === undefined ? "" : " (recorded)"}`
  const wanted = target === undefined ? "" : `${by === "speed" ? "≥" : "≤"} ${formatNumber(target)} x`
  return `| ${id} | ${what} | ${formatRatio(ratio)} | ${wanted} | ${met === undefined ? "" : met ? "met" : "missed"} |`
}

function section({ id, title, comparisons, notes, skipped }: MeasureResult): string {
  const parts = [
    ...comparisons.map(details),
    ...notes.map((note) => `- ${note}`),
    ...(skipped === undefined ? [] : [`Not measured: ${skipped}`]),
  ]
  return `## ${id}: ${title}\n\n${parts.join("\n")}`
}

function details(result: ComparisonResult): string {
  const { by, title, ours, peer, ratio, cpuRatio, rounds } = result
  const side = ({ name, figure, source }: ComparisonResult["ours"]) =>
    `  - ${name}: ${formatFigures(by, figure)}${source === undefined ? "" : `, ${source}`}`
  return [
    `- ${title}: ${formatRatio(ratio)} in ${rounds} rounds; ${renderTarget(result)}`,
    side(ours),
    side(peer),
    ...(cpuRatio === undefined ? [] : [`  - by CPU time: ${formatRatio(cpuRatio)}`]),
  ].join("\n")
}

import type { ComparisonResult } from "../compare.ts"
import { formatFigures, formatNumber, formatRatio } from "../figures.ts"
import type { MachineRecord } from "../machine.ts"
import type { MeasureResult } from "../report.ts"

/** A measure's results for a terminal, with a newline at the end. */
export function renderText(result: MeasureResult): string {
  const lines = [
    `${result.id}: ${result.title}`,
    ...result.comparisons.flatMap(comparisonLines),
    ...result.notes,
    ...(result.skipped === undefined ? [] : [`not measured: ${result.skipped}`]),
  ]
  return `${lines.join("\n  ")}\n`
}

export function renderMachine(machine: MachineRecord): string {
  const { cpu, cores, memoryGiB, kernel, fileSystem, node, sqlite } = machine
  return `${cpu}, ${cores} cores, ${memoryGiB} GiB, Linux ${kernel}, ${fileSystem}, Node ${node}, SQLite ${sqlite}`
}

/** `at least 0.8 x: met`. */
export function renderTarget({ by, target, met }: ComparisonResult): string {
  if (target === undefined) return "no target"
  return `at ${by === "speed" ? "least" : "most"} ${formatNumber(target)} x: ${met === true ? "met" : "missed"}`
}

function comparisonLines(result: ComparisonResult): string[] {
  const { by, ours, peer, ratio, cpuRatio, rounds, title } = result
  return [
    `${title}: ${formatRatio(ratio)} in ${rounds} rounds; ${renderTarget(result)}`,
    `  ours: ${ours.name}: ${formatFigures(by, ours.figure)}`,
    `  peer: ${peer.name}: ${formatFigures(by, peer.figure)}${peer.source === undefined ? "" : `, ${peer.source}`}`,
    ...(cpuRatio === undefined ? [] : [`  by CPU time: ${formatRatio(cpuRatio)}`]),
  ]
}

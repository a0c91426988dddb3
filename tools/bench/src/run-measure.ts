import { mkdtemp, rm } from "node:fs/promises"
import { join } from "node:path"
import { compare } from "./compare.ts"
import type { ComparisonResult } from "./compare.ts"
import type { Measure } from "./measure.ts"
import type { MeasureResult } from "./report.ts"

export interface MeasureRun {
  /** Its own directory is made in here, and removed. */
  readonly parent: string
  readonly signal: AbortSignal
  readonly progress: (step: string) => void
}

/** Throws what the measure throws, and where it neither compared nor said why not. */
export async function runMeasure(measure: Measure, { parent, signal, progress }: MeasureRun): Promise<MeasureResult> {
  const { id, title } = measure
  const comparisons: ComparisonResult[] = []
  const notes: string[] = []
  let skipped: string | undefined
  const show = (step: string) => progress(`${id}: ${step}`)
  const directory = await mkdtemp(join(parent, "slash64-bench-"))
  try {
    show(title)
    await measure.run({
      directory,
      signal,
      progress: show,
      async compare(comparison) {
        comparisons.push(await compare(comparison, show, signal))
      },
      note: (text) => void notes.push(text),
      skip: (reason) => void (skipped = reason),
    })
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
  if (comparisons.length === 0 && skipped === undefined) throw new Error(`${id} has compared nothing`)
  return { id, title, comparisons, notes, ...(skipped !== undefined && { skipped }) }
}

import type { ComparisonResult } from "./compare.ts"
import type { MachineRecord } from "./machine.ts"

export interface Report {
  /** ISO 8601, in UTC. */
  readonly date: string
  readonly commit: string
  readonly machine: MachineRecord
  readonly measures: readonly MeasureResult[]
}

export interface MeasureResult {
  readonly id: string
  readonly title: string
  readonly comparisons: readonly ComparisonResult[]
  readonly notes: readonly string[]
  /** Why this machine could not measure it. */
  readonly skipped?: string
}

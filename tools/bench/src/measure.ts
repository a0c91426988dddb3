/** One of the benchmarks: it compares ours with a peer or a limit, in one or more comparisons. */
export interface Measure {
  readonly id: string
  /** Another name for it on the command line. */
  readonly alias?: string
  readonly title: string
  /** Sets up, compares, and ends what it started, whatever happens. Throws where something counted wrong. */
  run(bench: Bench): Promise<void>
}

/** What a measure works with. */
export interface Bench {
  /** Empty, for this measure alone, on the file system that is measured; removed afterwards. */
  readonly directory: string
  readonly signal: AbortSignal
  /** Measures both sides in turn; the result stands in the report, and its target asserts nothing. */
  readonly compare: (comparison: Comparison) => Promise<void>
  /** A sentence or figure that belongs to the results: memory, a version, how a peer was set. */
  readonly note: (text: string) => void
  /** What it does between the rounds, shown on a terminal. */
  readonly progress: (step: string) => void
  /** Says why this machine cannot measure it; `run` then returns. */
  readonly skip: (reason: string) => void
}

export interface Comparison {
  /** What is compared, beside the measure's own title: `at 1,000 held`. */
  readonly title: string
  /**
   * `speed`: the ratio is ours / peer in operations a second, and the target the least that it should be.
   * `cost`: the ratio is ours / peer in seconds an operation, and the target the most.
   */
  readonly by: "speed" | "cost"
  readonly target?: number
  readonly ours: Side
  readonly peer: Side | RecordedSide
  /** 7 or more. */
  readonly rounds?: number
  /** Rounds before the first that counts; 1 unless told. */
  readonly warmUps?: number
}

/** What is measured in every round. */
export interface Side {
  readonly name: string
  /** Does some operations. What it sets up, checks and clears is not in the sample: see {@link timed}. */
  run(): Promise<Sample>
}

/** A peer that cannot run here: its ratio is against the fastest of these, and is no figure of this run. */
export interface RecordedSide {
  readonly name: string
  /** Operations a second. */
  readonly recorded: readonly number[]
  /** Where the figures come from. */
  readonly source: string
}

export interface Sample {
  readonly operations: number
  readonly seconds: number
  /** Of another process, where that is measured too. */
  readonly cpuSeconds?: number
}

/** The sample of `work`, which does so many operations. */
export async function timed(operations: number, work: () => unknown): Promise<Sample> {
  const startedAt = performance.now()
  await work()
  return { operations, seconds: (performance.now() - startedAt) / 1000 }
}

/** Throws where a measure counted something else than it should have: its figures would be worth nothing. */
export function mustCount(what: string, counted: number | bigint, wanted: number | bigint): void {
  if (BigInt(counted) !== BigInt(wanted)) throw new Error(`${what}: counted ${counted} where ${wanted} should be`)
}

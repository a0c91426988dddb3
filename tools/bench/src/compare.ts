import type { Comparison, RecordedSide, Sample, Side } from "./measure.ts"
import { figureOf, isMet, spreadOf } from "./statistics.ts"
import type { Spread } from "./statistics.ts"

export interface ComparisonResult {
  readonly title: string
  readonly by: "speed" | "cost"
  readonly target?: number
  /** Undefined without a target. */
  readonly met?: boolean
  /** Of the rounds' ratios. */
  readonly ratio: Spread
  /** The ratio of CPU time an operation, where both sides say it. */
  readonly cpuRatio?: Spread
  readonly rounds: number
  readonly ours: SideResult
  readonly peer: SideResult
}

export interface SideResult {
  readonly name: string
  /** Operations a second by `speed`, seconds an operation by `cost`. */
  readonly figure: Spread
  /** For a peer that did not run here: where its figures come from. */
  readonly source?: string
}

interface Round {
  readonly ours: Sample
  /** Undefined for a recorded peer. */
  readonly peer: Sample | undefined
}

/** Measures both sides in turn; which goes first changes every round. */
export async function compare(
  comparison: Comparison,
  progress: (step: string) => void,
  signal: AbortSignal,
): Promise<ComparisonResult> {
  const { title, by, target, ours, peer, rounds = 7, warmUps = 1 } = comparison
  if (rounds < 7) throw new RangeError(`${rounds} rounds: 7 or more make a median`)
  const measured: Round[] = []
  for (let round = -warmUps; round < rounds; round++) {
    signal.throwIfAborted()
    progress(round < 0 ? `${title}: warming up` : `${title}: round ${round + 1} of ${rounds}`)
    const one = await runRound(ours, "run" in peer ? peer : undefined, round % 2 === 0)
    if (round >= 0) measured.push(one)
  }
  const ratio = spreadOf(measured.map((round) => figureOf(by, round.ours) / peerFigure(by, peer, round)))
  const met = isMet(comparison, ratio)
  const cpuRatios = measured.flatMap(cpuRatioOf)
  return {
    title,
    by,
    ...(target !== undefined && { target }),
    ...(met !== undefined && { met }),
    ratio,
    ...(cpuRatios.length === rounds && { cpuRatio: spreadOf(cpuRatios) }),
    rounds,
    ours: { name: ours.name, figure: spreadOf(measured.map((round) => figureOf(by, round.ours))) },
    peer: peerResult(by, peer, measured),
  }
}

async function runRound(ours: Side, peer: Side | undefined, oursFirst: boolean): Promise<Round> {
  if (peer === undefined) return { ours: await ours.run(), peer: undefined }
  if (oursFirst) return { ours: await ours.run(), peer: await peer.run() }
  const first = await peer.run()
  return { ours: await ours.run(), peer: first }
}

function peerFigure(by: Comparison["by"], peer: Side | RecordedSide, round: Round): number {
  if (round.peer !== undefined) return figureOf(by, round.peer)
  const fastest = "recorded" in peer ? Math.max(...peer.recorded) : 0
  return figureOf(by, { operations: fastest, seconds: 1 })
}

function peerResult(by: Comparison["by"], peer: Side | RecordedSide, rounds: readonly Round[]): SideResult {
  const samples =
    "recorded" in peer
      ? peer.recorded.map((operations) => ({ operations, seconds: 1 }))
      : rounds.flatMap((round) => round.peer ?? [])
  const figure = spreadOf(samples.map((sample) => figureOf(by, sample)))
  return { name: peer.name, figure, ...("recorded" in peer && { source: peer.source }) }
}

function cpuRatioOf({ ours, peer }: Round): number[] {
  if (ours.cpuSeconds === undefined || peer?.cpuSeconds === undefined) return []
  return [ours.cpuSeconds / ours.operations / (peer.cpuSeconds / peer.operations)]
}

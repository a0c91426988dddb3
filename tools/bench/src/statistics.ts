import type { Comparison, Sample } from "./measure.ts"

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** Throws for no figures. */
export function spreadOf(figures: readonly number[]): Spread {
  const sorted = figures.toSorted((one, other) => one - other)
  const [min, max] = [sorted[0], sorted.at(-1)]
  const middle = sorted.slice(Math.ceil(sorted.length / 2) - 1, Math.floor(sorted.length / 2) + 1)
  if (min === undefined || max === undefined) throw new RangeError("a spread of no figures")
  return { median: middle.reduce((sum, each) => sum + each, 0) / middle.length, min, max }
}

/** Operations a second by `speed`, seconds an operation by `cost`. */
export function figureOf(by: Comparison["by"], { operations, seconds }: Sample): number {
  if (!(operations > 0) || !(seconds > 0)) throw new RangeError(`${operations} operations in ${seconds} s`)
  return by === "speed" ? operations / seconds : seconds / operations
}

/** Undefined where there is no target. */
export function isMet({ by, target }: Pick<Comparison, "by" | "target">, ratio: Spread): boolean | undefined {
  if (target === undefined) return undefined
  return by === "speed" ? ratio.median >= target : ratio.median <= target
}

import { z } from "zod"

/** A test that may be skipped, by its full name, and why. */
export interface AllowedSkip {
  readonly test: string
  readonly reason: string
}

export interface SkipVerdict {
  readonly allowed: readonly AllowedSkip[]
  /** Skipped without being on the list: a failure. */
  readonly forbidden: readonly string[]
}

const allowedSkips = z.array(z.strictObject({ test: z.string().min(1), reason: z.string().min(10) }))

/** Reads test/allowed-skips.json. */
export function parseAllowedSkips(text: string): readonly AllowedSkip[] {
  return allowedSkips.parse(JSON.parse(text))
}

export function judgeSkips(skipped: readonly string[], list: readonly AllowedSkip[]): SkipVerdict {
  const verdicts = skipped.map((test) => ({ test, entry: list.find((entry) => entry.test === test) }))
  return {
    allowed: verdicts.flatMap(({ entry }) => (entry === undefined ? [] : [entry])),
    forbidden: verdicts.filter(({ entry }) => entry === undefined).map(({ test }) => test),
  }
}

/** Entries that name no test: left behind when a test was renamed or removed. Ask after a run of every project. */
export function staleSkips(names: readonly string[], list: readonly AllowedSkip[]): readonly AllowedSkip[] {
  return list.filter((entry) => !names.includes(entry.test))
}

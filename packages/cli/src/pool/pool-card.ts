import type { PrefixCounts, PrefixPool } from "@slash64/core"
import { card } from "../output/table.ts"

export function poolCard({ name, id, prefix, policy, quarantineSeconds }: PrefixPool): string {
  return card({ pool: name, id, prefix, policy, quarantine: `${quarantineSeconds} s` })
}

/** Text, since a count may not fit a JSON number. */
export function countsAsText({ capacity, held, resting, free }: PrefixCounts): Readonly<Record<string, string>> {
  return { capacity: String(capacity), held: String(held), resting: String(resting), free: String(free) }
}

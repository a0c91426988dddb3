import type { RenderedHosts } from "../render/render-hosts.ts"
import { hostsPath, type RouterFiles } from "../render/render-router.ts"
import type { HeldState, Manifest } from "./manifest.ts"

/** What a router is to hold. */
export interface Generation {
  readonly settings: RouterFiles
  readonly hosts: RenderedHosts
  readonly manifest: Manifest
}

/** What a router is asked for (docs/router-protocol.md), `none` as a base being a full set. */
export type PushPlan = {
  readonly base: string
  readonly digest: string
  /** Files that differ; the reservations are one. */
  readonly changedFiles: number
} & (
  | { readonly kind: "change"; readonly changes: readonly string[] }
  | { readonly kind: "apply"; readonly files: readonly (readonly [path: string, content: string])[] }
)

/** More in one line than this is sent as a file: a line is written to the router's journal at once. */
const lineLimit = 3000

/** What brings a router that holds `base` to the target: only what differs. Without a base, everything. */
export function planPush({ settings, hosts, manifest }: Generation, base: HeldState | undefined): PushPlan {
  const { digest, hashes, text } = manifest
  const changed = [...hashes.keys()].filter((path) => base?.manifest.hashes.get(path) !== hashes.get(path))
  const common = { base: base?.manifest.digest ?? "none", digest, changedFiles: changed.length }
  if (base && changed.every((path) => path === hostsPath)) {
    const changes = compareHosts(base.hosts, hosts.lines)
    if (changes) return { kind: "change", ...common, changes }
  }
  const contents = changed.map((path) => [path, settings.get(path) ?? hosts.text()] as const)
  return { kind: "apply", ...common, files: [["manifest", text], ...contents] }
}

/**
 * Of two sorted lists: `+line` for a host that is new, `=line` for one that differs, `-MAC` for one that is gone.
 * Undefined where that is more than a line may have: the rest is not compared then.
 */
function compareHosts(before: readonly string[], now: readonly string[]): readonly string[] | undefined {
  const changes: string[] = []
  let length = 0
  let [old, next] = [0, 0]
  while (old < before.length || next < now.length) {
    const [was, is] = [before[old], now[next]]
    const order = was === is ? 0 : compareMacs(was, is)
    if (order >= 0) next += 1
    if (order <= 0) old += 1
    if (was === is) continue
    const change = order > 0 ? `+${is}` : order < 0 ? `-${macIn(was)}` : `=${is}`
    changes.push(change)
    length += change.length + 1
    if (length > lineLimit) return undefined
  }
  return changes
}

/** Negative where the first comes before the second; a list that is at its end has none more. */
function compareMacs(one: string | undefined, other: string | undefined): number {
  if (one === undefined) return 1
  if (other === undefined) return -1
  const [mac, otherMac] = [macIn(one), macIn(other)]
  return mac === otherMac ? 0 : mac < otherMac ? -1 : 1
}

function macIn(line = ""): string {
  return line.slice(0, "00:00:00:00:00:00".length)
}

import type { RouterFiles } from "../render/render-router.ts"
import type { HeldState } from "./manifest.ts"

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

/** What brings a router that holds `base` to `target`: only what differs. Without a base, everything. */
export function planPush(files: RouterFiles, target: HeldState, base: HeldState | undefined): PushPlan {
  const { digest, hashes, text } = target.manifest
  const changed = [...files].filter(([path]) => base?.manifest.hashes.get(path) !== hashes.get(path))
  const common = { base: base?.manifest.digest ?? "none", digest, changedFiles: changed.length }
  if (base && changed.every(([path]) => path === "reservations")) {
    const changes = compareHosts(base.hosts, target.hosts)
    if (changes.join(" ").length <= lineLimit) return { kind: "change", ...common, changes }
  }
  return { kind: "apply", ...common, files: [["manifest", text], ...changed] }
}

/** `+line` for a host that is new, `=line` for one that differs, `-mac` for one that is gone. */
function compareHosts(before: HeldState["hosts"], now: HeldState["hosts"]): readonly string[] {
  const changes: string[] = []
  for (const [mac, host] of now) {
    const was = before.get(mac)
    if (was === undefined) changes.push(`+${host.line}`)
    else if (was !== host && was.line !== host.line) changes.push(`=${host.line}`)
  }
  for (const mac of before.keys()) if (!now.has(mac)) changes.push(`-${mac}`)
  return changes
}

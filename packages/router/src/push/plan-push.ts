import type { RouterFiles } from "../render/render-router.ts"
import type { Manifest } from "./manifest.ts"

/** One `slash64-router apply`: its arguments and the members of the archive on its standard input. */
export interface PushPlan {
  /** The digest that the archive starts from; `none` for a full set. */
  readonly base: string
  readonly digest: string
  readonly changedFiles: number
  readonly members: readonly (readonly [name: string, content: string])[]
}

/** What brings a router that holds `base` to `files`: only what differs. Without a base, everything. */
export function planPush(files: RouterFiles, target: Manifest, base: Manifest | undefined): PushPlan {
  const changed = [...files].filter(([path]) => base?.hashes.get(path) !== target.hashes.get(path))
  const gone = base ? [...base.hashes.keys()].filter((path) => !files.has(path)) : []
  const members = changed.map(([path, content]) => [`files/${path}`, content] as const)
  const lists: [string, string][] = []
  // A router makes the manifest of a delta itself: ten thousand lines for one NIC would be most of what is sent.
  if (base === undefined) lists.push(["manifest", target.text])
  if (gone.length > 0) lists.push(["delete", gone.map((path) => `${path}\n`).join("")])
  return {
    base: base?.digest ?? "none",
    digest: target.digest,
    changedFiles: changed.length + gone.length,
    members: [...lists, ...members],
  }
}

/** What stands at one path of an image: owned by root, no times of its own. */
export type FileEntry =
  | { readonly kind: "file"; readonly mode: number; readonly bytes: Buffer }
  | { readonly kind: "directory"; readonly mode: number }
  | { readonly kind: "link"; readonly target: string }
  | { readonly kind: "device"; readonly mode: number; readonly major: number; readonly minor: number }

/** Paths from the root, without a leading slash, to what stands there. */
export type FileTree = ReadonlyMap<string, FileEntry>

/** A text file of a template, readable by all. */
export function textFile(text: string, mode = 0o644): FileEntry {
  return { kind: "file", mode, bytes: Buffer.from(text) }
}

/** Adds the directories that the paths need, mode 0755. */
export function withParents(tree: FileTree): FileTree {
  const complete = new Map(tree)
  for (const path of tree.keys()) {
    const parts = path.split("/")
    for (let depth = 1; depth < parts.length; depth++) {
      const parent = parts.slice(0, depth).join("/")
      if (!complete.has(parent)) complete.set(parent, { kind: "directory", mode: 0o755 })
    }
  }
  return complete
}

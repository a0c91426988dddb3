import { createHash } from "node:crypto"
import { Slash64Error, quote } from "@slash64/core"
import type { RouterFiles } from "../render/render-router.ts"

/** The sha256 of every file of a generation, by path; `digest` is that of the manifest's own text. */
export interface Manifest {
  readonly hashes: ReadonlyMap<string, string>
  readonly text: string
  readonly digest: string
}

/** The manifest of rendered files: a line a file, sorted by path in byte order (docs/router-protocol.md). */
export function manifestOf(files: RouterFiles): Manifest {
  return fromHashes(new Map([...files].map(([path, content]) => [path, sha256(content)])))
}

/**
 * The manifest that a router printed; undefined where it holds no generation yet. Its digest is taken over the text
 * as it came. Throws DATA_LOSS for a text that is none.
 */
export function parseManifest(text: string): Manifest | undefined {
  if (text === "") return undefined
  const hashes = new Map<string, string>()
  for (const line of text.replace(/\n$/, "").split("\n")) {
    const [, hash, path] = /^([\da-f]{64}) {2}(\S+)$/.exec(line) ?? []
    if (hash === undefined || path === undefined)
      throw new Slash64Error("DATA_LOSS", `the router's manifest has the line ${quote(line)}`, {
        hint: "push again; if it stays, remove the router and start it again",
      })
    hashes.set(path, hash)
  }
  return { hashes, text, digest: sha256(text) }
}

function fromHashes(hashes: ReadonlyMap<string, string>): Manifest {
  const paths = [...hashes.keys()].toSorted((a, b) => (a < b ? -1 : 1))
  const text = paths.map((path) => `${hashes.get(path)}  ${path}\n`).join("")
  return { hashes, text, digest: sha256(text) }
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex")
}

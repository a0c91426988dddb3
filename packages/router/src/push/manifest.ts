import { createHash } from "node:crypto"
import { Slash64Error, quote } from "@slash64/core"
import type { RenderedHosts } from "../render/render-hosts.ts"
import { hostsPath, type RouterFiles } from "../render/render-router.ts"

/** The sha256 of every file of a generation, by path; `digest` is that of the manifest's own text. */
export interface Manifest {
  readonly hashes: ReadonlyMap<string, string>
  readonly text: string
  readonly digest: string
}

/** What a router holds: its manifest, and the line of each reservation, sorted. */
export interface HeldState {
  readonly manifest: Manifest
  readonly hosts: readonly string[]
}

/** The manifest of a generation: a line a file, sorted by path in byte order (docs/router-protocol.md). */
export function manifestOf(settings: RouterFiles, hosts: RenderedHosts): Manifest {
  const hashes = new Map([...settings].map(([path, content]) => [path, sha256(content)]))
  hashes.set(hostsPath, hosts.sha256)
  const text = [...hashes.keys()]
    .toSorted()
    .map((path) => `${hashes.get(path)}  ${path}\n`)
    .join("")
  return { hashes, text, digest: sha256(text) }
}

/**
 * What a router answered to `manifest`; undefined where it holds no generation yet. The digest is taken over the text
 * as it came. Throws DATA_LOSS for a text that is none.
 */
export function parseHeldState(text: string): HeldState | undefined {
  if (text === "") return undefined
  const end = text.indexOf("\n\n")
  const manifest = text.slice(0, end + 1)
  const hashes = new Map<string, string>()
  for (const line of manifest.replace(/\n$/, "").split("\n")) {
    const [, hash, path] = /^([\da-f]{64}) {2}(\S+)$/.exec(line) ?? []
    if (hash === undefined || path === undefined)
      throw new Slash64Error("DATA_LOSS", `the router's manifest has the line ${quote(line)}`, {
        hint: "push again; if it stays, remove the router and start it again",
      })
    hashes.set(path, hash)
  }
  const hosts = text
    .slice(end + 2)
    .split("\n")
    .filter((line) => line !== "")
  return { manifest: { hashes, text: manifest, digest: sha256(manifest) }, hosts }
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex")
}

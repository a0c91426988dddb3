import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { Slash64Error } from "@slash64/core"
import { runCommand } from "./run-command.ts"

export interface DebianPackage {
  readonly name: string
  readonly version: string
  /** The .deb in the cache. */
  readonly file: string
}

export interface FetchRequest {
  readonly names: readonly string[]
  /** Holds a private apt state and the downloads; made when absent. The machine's own apt state is left alone. */
  readonly cacheDir: string
  readonly signal?: AbortSignal | undefined
}

/**
 * Downloads packages and all that they depend on (no recommendations) with the machine's own apt sources, as if
 * nothing were installed. Sorted by name. What the cache has is not downloaded again.
 */
export async function fetchPackages(request: FetchRequest): Promise<readonly DebianPackage[]> {
  const apt = await openApt(request)
  await apt(["update"])
  const install = ["install", "--yes", "--no-install-recommends", ...request.names]
  await apt([...install, "--download-only"])
  const plan = await apt([...install, "--print-uris", "-o", "Dir::Cache::archives=none/"])
  const packages = [...plan.matchAll(/^'[^']+' (?<file>\S+\.deb) /gm)].map((match) =>
    parseFileName(match.groups?.["file"] ?? "", join(request.cacheDir, "archives")),
  )
  if (packages.length === 0) {
    throw new Slash64Error("INTERNAL", `apt-get named no file for ${request.names.join(" ")}`, { native: plan })
  }
  return packages.toSorted((one, other) => (one.name < other.name ? -1 : 1))
}

/** Unpacks packages into one tree, once: a tree that is there is complete. */
export async function unpackPackages(
  packages: readonly DebianPackage[],
  target: string,
  signal?: AbortSignal,
): Promise<void> {
  if (await exists(target)) return
  const partial = await mkdtemp(`${target}.partial-`)
  try {
    for (const { file } of packages) await runCommand("dpkg-deb", ["--extract", file, partial], { signal })
    // Another build may have been first; its tree is the same.
    await rename(partial, target).catch(async (error: unknown) => {
      if (!(await exists(target))) throw error
    })
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
}

export interface SourceRequest {
  readonly name: string
  /** The source package's own version. */
  readonly version: string
  readonly cacheDir: string
  readonly signal?: AbortSignal | undefined
}

/**
 * The unpacked source package of this version with Debian's patches applied, in a directory that the caller names.
 * apt finds it by the machine's own sources, checked as binary packages are; they need no `deb-src`.
 */
export async function fetchSource(request: SourceRequest, target: string): Promise<void> {
  const { name, version, cacheDir, signal } = request
  const downloads = await mkdtemp(join(cacheDir, "source-"))
  try {
    const apt = await openApt({ cacheDir, signal, cwd: downloads })
    const withSources = Object.entries(sourceIndex).flatMap(([option, value]) => [
      "-o",
      `Acquire::IndexTargets::deb::Sources::${option}=${value}`,
    ])
    await apt([...withSources, "update"])
    await apt([...withSources, "source", "--download-only", `${name}=${version}`])
    const description = (await readdir(downloads)).find((file) => file.endsWith(".dsc"))
    if (description === undefined)
      throw new Slash64Error("INTERNAL", `apt-get source gave no .dsc of ${name} ${version}`)
    await runCommand("dpkg-source", ["--no-check", "--extract", join(downloads, description), target], { signal })
  } finally {
    await rm(downloads, { recursive: true, force: true })
  }
}

/** What makes apt read the index of sources for a `deb` line too (apt-get(8), acquire-additional-files.md). */
const sourceIndex = {
  MetaKey: "$(COMPONENT)/source/Sources",
  ShortDescription: "Sources",
  Description: "$(SITE) $(RELEASE)/$(COMPONENT) Sources",
  Optional: "yes",
}

interface AptRequest extends Pick<FetchRequest, "cacheDir" | "signal"> {
  /** Where `apt-get source` puts its files. */
  readonly cwd?: string
}

async function openApt(request: AptRequest): Promise<(args: readonly string[]) => Promise<string>> {
  const { cacheDir, signal, cwd } = request
  const state = join(cacheDir, "state")
  await mkdir(join(state, "lists/partial"), { recursive: true })
  await mkdir(join(cacheDir, "archives/partial"), { recursive: true })
  await writeFile(join(state, "status"), "")
  const options = {
    "Dir::State": state,
    "Dir::State::status": join(state, "status"),
    "Dir::Cache": cacheDir,
    "Dir::Cache::archives": "archives/",
    "APT::Keep-Downloaded-Packages": "true",
    "APT::Sandbox::User": "",
    "Acquire::Retries": "3",
    "Acquire::Languages": "none",
  }
  // apt-get does not wait for another one that works on the same lists.
  const lock = ["--timeout", "300", join(cacheDir, "lock")]
  const flags = Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`])
  return (args) =>
    runCommand("flock", [...lock, "apt-get", "--quiet", ...flags, ...args], {
      signal,
      ...(cwd === undefined ? {} : { cwd }),
      env: { DEBIAN_FRONTEND: "noninteractive" },
    })
}

/** apt's file names: name_version_arch.deb, the version percent-encoded. */
function parseFileName(file: string, directory: string): DebianPackage {
  const [name = "", version = ""] = file.split("_")
  return { name, version: decodeURIComponent(version), file: join(directory, file) }
}

async function exists(path: string): Promise<boolean> {
  return readdir(path).then(
    () => true,
    () => false,
  )
}

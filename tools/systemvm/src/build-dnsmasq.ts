import { createHash } from "node:crypto"
import { mkdtemp, readFile, readdir, rename, rm, stat } from "node:fs/promises"
import { availableParallelism } from "node:os"
import { join } from "node:path"
import { Slash64Error } from "@slash64/core"
import { fetchSource, type DebianPackage } from "./debian-packages.ts"
import { runCommand } from "./run-command.ts"

export interface DnsmasqBuild {
  /** Debian's source version, `+slash64.` and a digest of the patches and of how it was built; `--version` says so. */
  readonly version: string
  /** The program's file, in the cache. */
  readonly program: string
}

export interface DnsmasqRequest {
  /** The router's packages: `dnsmasq-utils` among them names the source's version. */
  readonly packages: readonly DebianPackage[]
  readonly cacheDir: string
  readonly signal?: AbortSignal | undefined
}

/** Of the programs in the cache. */
const prefix = "dnsmasq_"
const patchFolder = join(import.meta.dirname, "../patches/dnsmasq")

/** What the router does not use is not built in: no TFTP, scripts, zones, ipsets or packet dumps. */
const options = ["-DNO_TFTP", "-DNO_SCRIPT", "-DNO_AUTH", "-DNO_IPSET", "-DNO_DUMPFILE"].join(" ")

/** Once for each source version and series of patches. */
export async function buildDnsmasq({ packages, cacheDir, signal }: DnsmasqRequest): Promise<DnsmasqBuild> {
  const sourceVersion = readSourceVersion(packages)
  const patches = await listPatches()
  const version = `${sourceVersion}${await readSuffix(patches)}`
  const program = join(cacheDir, `${prefix}${version}`)
  if (await isThere(program)) return { version, program }
  const work = await mkdtemp(join(cacheDir, "dnsmasq-build-"))
  try {
    const source = join(work, "source")
    await fetchSource({ name: "dnsmasq", version: sourceVersion, cacheDir, signal }, source)
    for (const patch of patches) await applyPatch(patch, source, signal)
    await compile(source, version, signal)
    await rename(join(source, "src/dnsmasq"), program)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return { version, program }
}

/** One that was built with the patches of today, whatever Debian's version; undefined where there is none. */
export async function findDnsmasq(cacheDir: string): Promise<DnsmasqBuild | undefined> {
  const suffix = await readSuffix(await listPatches())
  const files: readonly string[] = await readdir(cacheDir).catch(() => [])
  const found = files.toSorted().findLast((file) => file.startsWith(prefix) && file.endsWith(suffix))
  return found === undefined ? undefined : { version: found.slice(prefix.length), program: join(cacheDir, found) }
}

/** The series, in order. */
async function listPatches(): Promise<readonly string[]> {
  const files = (await readdir(patchFolder)).filter((file) => file.endsWith(".patch"))
  return files.toSorted().map((file) => join(patchFolder, file))
}

async function readSuffix(patches: readonly string[]): Promise<string> {
  const digest = createHash("sha256").update(options)
  for (const patch of patches) digest.update(await readFile(patch))
  return `+slash64.${digest.digest("hex").slice(0, 8)}`
}

/** dnsmasq-utils comes out of the same source; a rebuild of the binaries alone is marked `+b1`. */
function readSourceVersion(packages: readonly DebianPackage[]): string {
  const found = packages.find(({ name }) => name === "dnsmasq-utils")
  if (found === undefined) throw new Slash64Error("INTERNAL", "packages: the router has no dnsmasq-utils")
  return found.version.replace(/\+b\d+$/, "")
}

async function applyPatch(patch: string, source: string, signal?: AbortSignal): Promise<void> {
  const words = ["--forward", "--strip=1", "--fuzz=2", "--no-backup-if-mismatch", `--input=${patch}`]
  await runCommand("patch", words, { cwd: source, signal })
}

/** With Debian's own compiler flags, hardening included. */
async function compile(source: string, version: string, signal?: AbortSignal): Promise<void> {
  const env = { DEB_BUILD_MAINT_OPTIONS: "hardening=+all" }
  const flags = async (name: string): Promise<string> =>
    (await runCommand("dpkg-buildflags", ["--get", name], { cwd: source, env, signal })).trim()
  const words = [
    `--jobs=${availableParallelism()}`,
    `COPTS=${options}`,
    `CFLAGS=${await flags("CFLAGS")} ${await flags("CPPFLAGS")} -g0`,
    `LDFLAGS=${await flags("LDFLAGS")} -s`,
    // dnsmasq's Makefile gives it to a shell within double quotes.
    `version=-DVERSION='\\"${version}\\"'`,
  ]
  await runCommand("make", words, { cwd: source, signal })
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

import { globSync } from "node:fs"
import { mkdir, readdir } from "node:fs/promises"
import { homedir } from "node:os"
import { join } from "node:path"
import { fetchPackages, unpackPackages } from "@slash64/tool-systemvm"

/** Debian's python3-neutron with all that it needs, its own Python and C library too, in a directory of its own. */
export interface Neutron {
  /** Of the Debian package. */
  readonly version: string
  readonly root: string
}

const cacheDir = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "slash64/neutron")

/**
 * Downloads and unpacks it on the first run, about 100 MB; the machine's own packages are left alone, and root is not
 * needed. Later runs use no network. To be rid of it, or to get a newer one, remove `slash64/neutron` from the cache.
 */
export async function installNeutron(progress: (step: string) => void, signal: AbortSignal): Promise<Neutron> {
  await mkdir(cacheDir, { recursive: true })
  const unpacked = (await readdir(cacheDir)).find((name) => name.startsWith("root-") && !name.includes(".partial-"))
  if (unpacked !== undefined) return { version: unpacked.slice("root-".length), root: join(cacheDir, unpacked) }
  progress("downloading Debian's python3-neutron")
  const packages = await fetchPackages({ names: ["python3-neutron"], cacheDir, signal })
  const neutron = packages.find(({ name }) => name === "python3-neutron")
  if (neutron === undefined) throw new Error("apt-get brought no python3-neutron")
  // A colon would end the path in the loader's list of libraries.
  const version = neutron.version.replace(/^\d+:/, "")
  const root = join(cacheDir, `root-${version}`)
  progress("unpacking python3-neutron")
  await unpackPackages(packages, root, signal)
  return { version, root }
}

/** The words and the environment that run the unpacked Python, by its own loader and libraries. */
export function neutronPython({ root }: Neutron): {
  readonly words: readonly string[]
  readonly env: NodeJS.ProcessEnv
} {
  const [loader] = globSync(["lib/*/ld-linux-*.so.*", "usr/lib/*/ld-linux-*.so.*"], { cwd: root })
  if (loader === undefined) throw new Error(`${root} has no loader: remove it, and the next run unpacks it again`)
  const libraries = globSync(["lib/*-linux-gnu*", "usr/lib/*-linux-gnu*"], { cwd: root }).map((one) => join(root, one))
  return {
    words: [join(root, loader), "--library-path", libraries.join(":"), join(root, "usr/bin/python3")],
    env: { PYTHONHOME: join(root, "usr"), PYTHONNOUSERSITE: "1", PATH: process.env["PATH"], LC_ALL: "C.UTF-8" },
  }
}

import { access, constants } from "node:fs/promises"
import { delimiter, join } from "node:path"
import { Slash64Error } from "@slash64/core"
import { runCommand } from "./run-command.ts"

/** A program or file of the build machine, and the Debian package that brings it. */
interface RequiredTool {
  /** A program's name, or the whole path of a file. */
  readonly name: string
  readonly debianPackage: string
}

const requiredTools: readonly RequiredTool[] = [
  { name: "dpkg-deb", debianPackage: "dpkg" },
  { name: "dpkg-source", debianPackage: "dpkg-dev" },
  { name: "gcc", debianPackage: "gcc" },
  { name: "/usr/include/stdio.h", debianPackage: "libc6-dev" },
  { name: "lz4", debianPackage: "lz4" },
  { name: "make", debianPackage: "make" },
  { name: "mcopy", debianPackage: "mtools" },
  { name: "mformat", debianPackage: "mtools" },
  { name: "mmd", debianPackage: "mtools" },
  { name: "mke2fs", debianPackage: "e2fsprogs" },
  { name: "patch", debianPackage: "patch" },
  { name: "qemu-img", debianPackage: "qemu-utils" },
  { name: "syslinux", debianPackage: "syslinux" },
]

/** Debian packages that the build needs and this machine lacks. */
export async function missingToolPackages(): Promise<readonly string[]> {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"]
  const missing: string[] = []
  for (const { name, debianPackage } of requiredTools) {
    const places = name.startsWith("/") ? [name] : folders.map((folder) => join(folder, name))
    const found = await Promise.all(places.map((place) => isUsable(place)))
    if (!found.includes(true)) missing.push(debianPackage)
  }
  return [...new Set(missing)]
}

/**
 * Makes sure of the Debian tools of the build. With `installMissing` they are installed by apt-get (as root), else
 * what lacks is FAILED_PRECONDITION and named.
 */
export async function ensureTools(installMissing: boolean, signal?: AbortSignal): Promise<void> {
  const missing = await missingToolPackages()
  if (missing.length === 0) return
  const command = `apt-get install --no-install-recommends ${missing.join(" ")}`
  if (!installMissing) {
    throw new Slash64Error("FAILED_PRECONDITION", `build tools: this machine lacks ${missing.join(", ")}`, {
      field: "tools",
      value: missing.join(" "),
      hint: `run: ${command}`,
    })
  }
  const env = { DEBIAN_FRONTEND: "noninteractive" }
  await runCommand("apt-get", ["update", "--quiet"], { signal, env })
  await runCommand("apt-get", ["install", "--quiet", "--yes", "--no-install-recommends", ...missing], { signal, env })
}

async function isUsable(path: string): Promise<boolean> {
  return access(path, path.endsWith(".h") ? constants.R_OK : constants.X_OK).then(
    () => true,
    () => false,
  )
}

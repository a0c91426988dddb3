import { createHash } from "node:crypto"
import { access, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { buildInitramfs, compressInitramfs, fetchPackages, readKernel, unpackPackages } from "@slash64/tool-systemvm"
import { guestApplets, guestModules, guestPackages, guestPrograms, readGuestFiles } from "./guest-contents.ts"

/** A guest that boots from a kernel and an initramfs alone, two files of one directory. */
export interface GuestImage {
  readonly kernel: string
  readonly initramfs: string
}

export interface GuestImageRequest {
  /** Debian packages, unpacked and not; best the same as of the router template, which has most of them. */
  readonly cacheDir: string
  /** Images of all inputs so far; the one of these inputs is made once. */
  readonly outDir: string
  readonly signal?: AbortSignal
}

/** Builds the lab's guest from Debian packages: a kernel, dhclient, and QEMU's guest agent. */
export async function buildGuestImage(request: GuestImageRequest): Promise<GuestImage> {
  const { cacheDir, outDir, signal } = request
  const packages = await fetchPackages({ names: guestPackages, cacheDir, signal })
  const versions = packages.map(({ name, version }) => `${name} ${version}`).join("\n")
  const unpacked = join(cacheDir, `guest-tree-${hash(versions)}`)
  await unpackPackages(packages, unpacked, signal)
  const kernel = await readKernel(unpacked)
  const cpio = await buildInitramfs({
    unpacked,
    programs: guestPrograms,
    kernel: kernel.release,
    modules: guestModules,
    files: await readGuestFiles(),
    applets: guestApplets,
  })
  const image = join(outDir, hash(cpio, kernel.image))
  if (await exists(image)) return guestImageIn(image)
  await mkdir(outDir, { recursive: true })
  const workDir = await mkdtemp(join(outDir, ".build-"))
  try {
    const made = guestImageIn(workDir)
    await writeFile(made.kernel, kernel.image)
    await writeFile(made.initramfs, await compressInitramfs(cpio))
    // Another build may have been first; its image is the same.
    await rename(workDir, image).catch(async (error: unknown) => {
      if (!(await exists(image))) throw error
    })
    return guestImageIn(image)
  } finally {
    await rm(workDir, { recursive: true, force: true })
  }
}

export function guestImageIn(folder: string): GuestImage {
  return { kernel: join(folder, "vmlinuz"), initramfs: join(folder, "initramfs") }
}

function hash(...parts: readonly (string | Buffer)[]): string {
  return parts
    .reduce((sum, part) => sum.update(part), createHash("sha256"))
    .digest("hex")
    .slice(0, 16)
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}

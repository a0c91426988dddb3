import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { invalid } from "@slash64/core"
import { buildDnsmasq, findDnsmasq, type DnsmasqBuild } from "./build-dnsmasq.ts"
import { compressInitramfs } from "./compress-initramfs.ts"
import { renderCpio } from "./cpio-archive.ts"
import { fetchPackages, unpackPackages, type DebianPackage } from "./debian-packages.ts"
import { makeDisk } from "./disk-image.ts"
import type { FileTree } from "./file-tree.ts"
import { collectInitramfs } from "./initramfs.ts"
import { readKernel } from "./kernel.ts"
import { ensureTools } from "./required-tools.ts"
import { runCommand } from "./run-command.ts"
import {
  commandLine,
  readRouterFiles,
  routerApplets,
  routerModules,
  routerPackages,
  routerPrograms,
} from "./template-contents.ts"

export const templateFormats = ["qcow2", "raw", "vhd"] as const
export type TemplateFormat = (typeof templateFormats)[number]

/** One disk of a template, in one format. */
export interface TemplateImage {
  /** `sha256:` and the hash of the file. */
  readonly digest: string
  /** The image's name, beside `manifest.json`. */
  readonly file: string
  readonly format: TemplateFormat
  readonly sizeBytes: number
}

export interface TemplateManifest extends TemplateImage {
  /** Same inputs, same version: the kernel's Debian version and a hash of all that is in the image. */
  readonly version: string
  /** The same disk in each format that was asked for; the first is the one that the manifest itself names. */
  readonly images: readonly TemplateImage[]
  readonly kernel: string
  readonly packages: readonly { readonly name: string; readonly version: string }[]
}

export interface BuildStep {
  readonly step: "tools" | "packages" | "unpack" | "dnsmasq" | "initramfs" | "disk" | "convert"
  /** Steps done before this one, of `total`. */
  readonly done: number
  readonly total: number
}

export interface BuildRequest {
  /** The images and their manifest are written here. */
  readonly outDir: string
  /** Default: qcow2 alone. */
  readonly formats?: readonly TemplateFormat[]
  /** Downloads and unpacked packages; by default `.cache/systemvm` of the checkout. */
  readonly cacheDir?: string
  /** Installs the Debian tools that the build lacks with apt-get; else they are named in an error. */
  readonly installMissing?: boolean
  readonly signal?: AbortSignal
  readonly report?: (progress: BuildStep) => void
}

export const defaultCacheDir = join(import.meta.dirname, "../../../.cache/systemvm")
const steps = ["tools", "packages", "unpack", "dnsmasq", "initramfs", "disk", "convert"] as const

/**
 * Builds the router template from Debian packages with the machine's own apt sources: a `router-<version>.<format>`
 * for each format, and `manifest.json`, in `outDir`. Repeated with the same inputs it gives the same version.
 */
export async function buildTemplate(request: BuildRequest): Promise<TemplateManifest> {
  const { outDir, cacheDir = defaultCacheDir, signal } = request
  const formats = parseFormats(request.formats)
  const begin = (step: BuildStep["step"]) => {
    signal?.throwIfAborted()
    request.report?.({ step, done: steps.indexOf(step), total: steps.length })
  }
  begin("tools")
  await ensureTools(request.installMissing ?? false, signal)
  begin("packages")
  const packages = await fetchPackages({ names: routerPackages, cacheDir, signal })
  begin("unpack")
  const unpacked = await unpackOnce(packages, cacheDir, signal)
  begin("dnsmasq")
  const dnsmasq = await buildDnsmasq({ packages, cacheDir, signal })
  begin("initramfs")
  const contents = await collectTemplate(unpacked, packages, dnsmasq)
  await mkdir(outDir, { recursive: true })
  const workDir = await mkdtemp(join(outDir, ".build-"))
  try {
    begin("disk")
    const raw = join(workDir, "disk.raw")
    await makeDisk({ file: raw, workDir, commandLine, ...contents, signal })
    begin("convert")
    const images: TemplateImage[] = []
    for (const format of formats) {
      const file = `router-${contents.version}.${format}`
      await convert(raw, join(workDir, file), format, signal)
      await rename(join(workDir, file), join(outDir, file))
      images.push({ file, format, ...(await readImage(join(outDir, file))) })
    }
    const manifest = describeTemplate(contents, images, [...packages, { name: "dnsmasq", version: dnsmasq.version }])
    await writeFile(join(workDir, "manifest.json"), `${JSON.stringify(manifest, undefined, 2)}\n`)
    await rename(join(workDir, "manifest.json"), join(outDir, "manifest.json"))
    return manifest
  } finally {
    await rm(workDir, { recursive: true, force: true })
  }
}

/**
 * The router's dnsmasq, as {@link buildTemplate} puts it into the image, for tests that need no whole router. One in the
 * cache is taken without a look at what Debian has today.
 */
export async function ensureRouterDnsmasq(cacheDir = defaultCacheDir, signal?: AbortSignal): Promise<DnsmasqBuild> {
  const found = await findDnsmasq(cacheDir)
  if (found !== undefined) return found
  await ensureTools(true, signal)
  return buildDnsmasq({ packages: await fetchPackages({ names: routerPackages, cacheDir, signal }), cacheDir, signal })
}

/** The tree of the router's packages, as {@link buildTemplate} takes it apart; for what needs the same kernel. */
export async function unpackRouterPackages(cacheDir = defaultCacheDir, signal?: AbortSignal): Promise<string> {
  return unpackOnce(await fetchPackages({ names: routerPackages, cacheDir, signal }), cacheDir, signal)
}

async function unpackOnce(packages: readonly DebianPackage[], cacheDir: string, signal?: AbortSignal): Promise<string> {
  const unpacked = join(cacheDir, `tree-${hash(JSON.stringify(packages.map(describe))).slice(0, 16)}`)
  await unpackPackages(packages, unpacked, signal)
  return unpacked
}

interface TemplateContents {
  readonly version: string
  readonly kernel: Buffer
  readonly kernelRelease: string
  readonly initramfs: Buffer
  readonly efiLoader: Buffer
}

async function collectTemplate(
  unpacked: string,
  packages: readonly DebianPackage[],
  dnsmasq: DnsmasqBuild,
): Promise<TemplateContents> {
  const kernel = await readKernel(unpacked)
  const efiLoader = await readFile(join(unpacked, "usr/lib/systemd/boot/efi/systemd-bootx64.efi"))
  const collect = async (version: string): Promise<FileTree> =>
    collectInitramfs({
      unpacked,
      programs: routerPrograms,
      kernel: kernel.release,
      modules: routerModules,
      files: await readRouterFiles(version, dnsmasq.program),
      applets: routerApplets,
    })
  const inputs = [renderCpio(await collect("")), kernel.image, efiLoader, Buffer.from(commandLine)]
  const kernelVersion = packages.find(({ name }) => name.includes(kernel.release))?.version ?? kernel.release
  const version = `${kernelVersion}-${hash(...inputs).slice(0, 10)}`
  return {
    version,
    kernel: kernel.image,
    kernelRelease: kernel.release,
    initramfs: await compressInitramfs(renderCpio(await collect(version))),
    efiLoader,
  }
}

async function convert(raw: string, file: string, format: TemplateFormat, signal?: AbortSignal): Promise<void> {
  const options = {
    // Not compressed: the kernel and the initramfs already are, and firmware that reads 32 KiB at a time made QEMU
    // unpack every cluster twice, which took 0.6 s of every boot.
    qcow2: ["-O", "qcow2"],
    raw: ["-O", "raw"],
    vhd: ["-O", "vpc", "-o", "subformat=dynamic,force_size=on"],
  } as const
  await runCommand("qemu-img", ["convert", "-f", "raw", ...options[format], raw, file], { signal })
}

async function readImage(path: string): Promise<Pick<TemplateImage, "digest" | "sizeBytes">> {
  const digest = createHash("sha256")
  for await (const chunk of createReadStream(path)) digest.update(chunk)
  return { digest: `sha256:${digest.digest("hex")}`, sizeBytes: (await stat(path)).size }
}

function describeTemplate(
  { version, kernelRelease }: Pick<TemplateContents, "version" | "kernelRelease">,
  images: readonly TemplateImage[],
  packages: TemplateManifest["packages"],
): TemplateManifest {
  const [first] = images
  if (first === undefined) throw new Error("a template has an image")
  return { version, ...first, images, kernel: kernelRelease, packages: packages.map(describe) }
}

function parseFormats(formats: readonly TemplateFormat[] = ["qcow2"]): readonly TemplateFormat[] {
  const wrong = formats.find((format) => !templateFormats.includes(format))
  if (formats.length > 0 && wrong === undefined) return [...new Set(formats)]
  throw invalid("formats", wrong ?? formats, "is no image format", templateFormats.join(", "))
}

function describe({ name, version }: TemplateManifest["packages"][number]): {
  readonly name: string
  readonly version: string
} {
  return { name, version }
}

function hash(...parts: readonly (string | Buffer)[]): string {
  return parts.reduce((sum, part) => sum.update(part), createHash("sha256")).digest("hex")
}

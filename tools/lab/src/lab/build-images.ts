import { createHash } from "node:crypto"
import { access, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { buildTemplate, makeDisk } from "@slash64/tool-systemvm"
import type { TemplateFormat } from "@slash64/tool-systemvm"
import { z } from "zod"
import { buildGuestImage, guestImageIn } from "../guest/build-guest-image.ts"
import type { GuestImage } from "../guest/build-guest-image.ts"
import { guestCommandLine } from "../guest/guest-contents.ts"
import { cacheDir } from "./lab-home.ts"
import type { Steps } from "./steps.ts"

const manifestShape = z.object({ version: z.string(), digest: z.string(), file: z.string() })
/** By its folder's name: a checkout may be moved, or its cache copied. */
const guestShape = z.object({ folder: z.string() })

export interface RouterTemplate {
  readonly version: string
  readonly digest: string
  readonly file: string
}

const tools = join(import.meta.dirname, "../../..")
const packages = join(cacheDir, "systemvm")

/**
 * The router template of this checkout. Built once for what it is built from; newer Debian packages are taken when
 * `.cache/lab` is removed, or its sources change.
 */
export async function openTemplate(
  steps: Steps,
  signal: AbortSignal,
  format: TemplateFormat = "qcow2",
): Promise<RouterTemplate> {
  const name = format === "qcow2" ? "template" : `template-${format}`
  const outDir = join(cacheDir, "lab", `${name}-${await hashOf("systemvm/src", "systemvm/files", "systemvm/patches")}`)
  const built = await readJson(join(outDir, "manifest.json"), manifestShape)
  if (built !== undefined) return { ...built, file: join(outDir, built.file) }
  const manifest = await buildTemplate({
    outDir,
    formats: [format],
    cacheDir: packages,
    installMissing: true,
    signal,
    report: ({ step }) => steps.report({ step }),
  })
  return { version: manifest.version, digest: manifest.digest, file: join(outDir, manifest.file) }
}

/** The guest image of this checkout, as {@link openTemplate}. */
export async function openGuestImage(signal: AbortSignal): Promise<GuestImage> {
  const outDir = join(cacheDir, "lab", `guest-${await hashOf("systemvm/src", "lab/files", "lab/src/guest")}`)
  const record = join(outDir, "built.json")
  const built = await readJson(record, guestShape)
  if (built !== undefined) return guestImageIn(join(outDir, built.folder))
  const image = await buildGuestImage({ cacheDir: packages, outDir, signal })
  const workDir = await mkdtemp(join(outDir, ".build-"))
  await writeFile(join(workDir, "built.json"), JSON.stringify({ folder: basename(dirname(image.kernel)) }))
  await rename(join(workDir, "built.json"), record)
  await rm(workDir, { recursive: true })
  return image
}

/** A raw disk that boots the guest image by BIOS, as {@link openGuestImage} kept beside it. */
export async function openGuestDisk(image: GuestImage, signal: AbortSignal): Promise<string> {
  const file = join(dirname(image.initramfs), "disk.raw")
  const there = await access(file).then(
    () => true,
    () => false,
  )
  if (there) return file
  const workDir = await mkdtemp(join(dirname(file), ".build-"))
  try {
    const [kernel, initramfs] = [await readFile(image.kernel), await readFile(image.initramfs)]
    const made = join(workDir, "disk.raw")
    await makeDisk({ file: made, workDir, kernel, initramfs, commandLine: guestCommandLine, stateless: true, signal })
    await rename(made, file)
    return file
  } finally {
    await rm(workDir, { recursive: true, force: true })
  }
}

async function hashOf(...folders: readonly string[]): Promise<string> {
  const hash = createHash("sha256")
  for (const folder of folders) {
    const files = await readdir(join(tools, folder), { recursive: true, withFileTypes: true })
    for (const file of files
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .toSorted()) {
      hash.update(file.slice(tools.length)).update(await readFile(file))
    }
  }
  return hash.digest("hex").slice(0, 16)
}

async function readJson<Shape extends z.ZodType>(file: string, shape: Shape): Promise<z.infer<Shape> | undefined> {
  const text = await readFile(file, "utf8").catch(() => undefined)
  return text === undefined ? undefined : shape.parse(JSON.parse(text))
}

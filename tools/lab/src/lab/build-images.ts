import { createHash } from "node:crypto"
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { buildTemplate } from "@slash64/tool-systemvm"
import { z } from "zod"
import { buildGuestImage } from "../guest/build-guest-image.ts"
import type { GuestImage } from "../guest/build-guest-image.ts"
import { cacheDir } from "./lab-home.ts"
import type { Steps } from "./steps.ts"

const manifestShape = z.object({ version: z.string(), digest: z.string(), file: z.string() })
const guestShape = z.object({ kernel: z.string(), initramfs: z.string() })

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
export async function openTemplate(steps: Steps, signal: AbortSignal): Promise<RouterTemplate> {
  const outDir = join(cacheDir, "lab", `template-${await hashOf("systemvm/src", "systemvm/files", "systemvm/patches")}`)
  const built = await readJson(join(outDir, "manifest.json"), manifestShape)
  if (built !== undefined) return { ...built, file: join(outDir, built.file) }
  const manifest = await buildTemplate({
    outDir,
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
  const record = join(outDir, "image.json")
  const built = await readJson(record, guestShape)
  if (built !== undefined) return built
  await mkdir(outDir, { recursive: true })
  const image = await buildGuestImage({ cacheDir: packages, outDir, signal })
  await writeFile(record, JSON.stringify(image))
  return image
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

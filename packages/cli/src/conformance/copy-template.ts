import { createHash, randomBytes } from "node:crypto"
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { scratchVersion } from "@slash64/conformance"
import { checkTemplateFile } from "@slash64/core"
import type { Call, TemplateRecord, TemplateSpec } from "@slash64/core"

/**
 * The same template with another digest, and a version that marks it: routers of others may stand on the one that is
 * on the host, so the checks take one of their own there and away again.
 */
export async function copyTemplate(template: TemplateRecord, folder: string, call: Call): Promise<TemplateSpec> {
  const { file, digest, format } = template
  await checkTemplateFile({ ...template, file, digest }, call)
  const bytes = await readFile(file, { signal: call.signal })
  const changed = format === "vhd" ? withOtherVhdId(bytes) : Buffer.concat([bytes, randomBytes(512)])
  const copy = join(folder, `template.${format}`)
  await writeFile(copy, changed)
  return {
    digest: `sha256:${createHash("sha256").update(changed).digest("hex")}`,
    version: scratchVersion(template.version),
    file: copy,
    format,
  }
}

const footerBytes = 512

/**
 * A VHD ends with its footer, and a dynamic one begins with a copy of it (Virtual Hard Disk Image Format Specification
 * 1.0): bytes after it would be no VHD, so its unique id is changed. Raw images and qcow2 have room at their end.
 */
export function withOtherVhdId(bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes)
  const id = randomBytes(16)
  const footers = [0, changed.length - footerBytes].map((at) => changed.subarray(at, at + footerBytes))
  for (const footer of footers) {
    if (footer.toString("latin1", 0, 8) !== "conectix") continue
    id.copy(footer, 68)
    footer.writeUInt32BE(0, 64)
    const sum = footer.reduce((total, byte) => total + byte, 0)
    // oxlint-disable-next-line no-bitwise -- one's complement
    footer.writeUInt32BE(~sum >>> 0, 64)
  }
  return changed
}

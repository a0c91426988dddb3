import { createHash } from "node:crypto"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { type CliLab, startCliLab } from "../../cli/cli-lab.ts"

let lab: CliLab
beforeEach(async () => {
  lab = await startCliLab()
})
afterEach(() => lab.close())

function imageOf(
  bytes: string,
  format: string,
): { readonly digest: string; readonly file: string; readonly format: string } {
  const file = `router.${format}`
  writeFileSync(join(lab.folder, file), bytes)
  return { digest: `sha256:${createHash("sha256").update(bytes).digest("hex")}`, file, format }
}

describe("slash64 template register", () => {
  it("registers every image of a manifest, each by its own digest", async () => {
    const images = [imageOf("one", "qcow2"), imageOf("other", "vhd")]
    const manifest = join(lab.folder, "images.json")
    writeFileSync(manifest, JSON.stringify({ version: "1", ...images[0], images }))
    const made = images.map(({ digest, format }) => ({ digest, format, version: "1" }))
    expect(await lab.json(["template", "register", manifest])).toMatchObject({ template: made[0], templates: made })
    expect(await lab.json(["template", "list"])).toMatchObject({ templates: made })
    writeFileSync(join(lab.folder, "router.vhd"), "damaged")
    expect(await lab.json(["template", "register", manifest], 15)).toMatchObject({ error: { code: "DATA_LOSS" } })
  })
})

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Slash64Error, contractVersion, errorCodes, hostVerbs, loadPlugins, optionalHostVerbs } from "@slash64/core"
import type { ErrorCode, HostVerb, HypervisorHost } from "@slash64/core"
import { describe, expect, expectTypeOf, it } from "vitest"

const spec = readFileSync(join(import.meta.dirname, "../../SPEC.md"), "utf8")

/** The rows of the first table below a heading, as cells. */
function table(heading: string): string[][] {
  const section = spec.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? ""
  const rows = section.split("\n").filter((line) => line.startsWith("|"))
  return rows.slice(2).map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

describe("SPEC.md", () => {
  it("is of the contract's version", () => {
    expect(spec.split("\n")[0]).toContain(`version ${contractVersion}`)
  })

  it("lists every verb of a host, in the order of the code", () => {
    const verbs = table("The verbs of a host").map(([verb]) => verb?.replaceAll("`", ""))
    expect(verbs).toEqual([...hostVerbs, ...optionalHostVerbs])
    expectTypeOf<HostVerb>().toEqualTypeOf<keyof HypervisorHost>()
  })

  it("lists every error code, and says rightly which are retried", () => {
    const rows = table("Errors")
    const codes = rows.map(([code]) => code?.replaceAll("`", "") ?? "")
    expect(codes.toSorted()).toEqual([...errorCodes].toSorted())
    const retried = rows.filter(([, , yes]) => yes === "yes").map(([code]) => code?.replaceAll("`", "") ?? "")
    const retryable = errorCodes.filter((code: ErrorCode) => new Slash64Error(code, "").retryable)
    expect(retried.toSorted()).toEqual([...retryable].toSorted())
  })

  it("shows a package that loads", async () => {
    const manifest = /```json\n(.*?)```/s.exec(spec)?.[1] ?? ""
    const folder = mkdtempSync(join(tmpdir(), "slash64-spec-"))
    writeFileSync(join(folder, "package.json"), manifest)
    const plugin = 'export default { name: "example", contract: "1.0", parseConfig() {}, async connect() {} }'
    writeFileSync(join(folder, "index.js"), plugin)
    const [loaded] = await loadPlugins({ plugins: ["./"], from: join(folder, "server.js") })
    expect(loaded?.name).toBe("example")
    rmSync(folder, { recursive: true })
  })
})

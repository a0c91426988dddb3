import { execFile } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

const program = join(import.meta.dirname, "../../../packages/cli/src/main.ts")

interface Ended {
  readonly exitCode: unknown
  readonly answer: unknown
}

// Each command is a process of its own.
describe("SLASH64_PLUGINS", { timeout: 120_000 }, () => {
  let folder: string

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "slash64-cli-plugins-"))
    const conformance = JSON.stringify(import.meta.resolve("@slash64/conformance"))
    const plugin = (name: string): void => {
      mkdirSync(join(folder, name))
      const exports = { ".": { import: "./index.js" }, "./package.json": "./package.json" }
      const slash64 = { plugin: name, contract: ["1.0"] }
      writeFileSync(join(folder, name, "package.json"), JSON.stringify({ type: "module", exports, slash64 }))
      const index = `import { memoryPlugin } from ${conformance}
        export default { ...memoryPlugin(), name: "${name}" }`
      writeFileSync(join(folder, name, "index.js"), index)
    }
    plugin("one")
    plugin("other")
  })

  afterAll(() => rmSync(folder, { recursive: true }))

  /** In the folder of the plugins. */
  function run(plugins: string, ...args: readonly string[]): Promise<Ended> {
    const env = { ...process.env, XDG_STATE_HOME: join(folder, "state"), SLASH64_PLUGINS: plugins }
    return new Promise((resolve) => {
      execFile(process.execPath, [program, ...args, "--json"], { cwd: folder, env }, (error, stdout) => {
        resolve({ exitCode: error === null ? 0 : error.code, answer: JSON.parse(stdout) })
      })
    })
  }

  it("loads plugins by their paths, and reaches their hosts", async () => {
    const both = ` ./one, ${join(folder, "other")},`
    for (const name of ["one", "other"]) {
      const added = await run(both, "host", "add", name, "--plugin", name)
      expect(added).toMatchObject({ exitCode: 0, answer: { host: { plugin: name }, description: { findings: [] } } })
    }
    expect(await run(both, "host", "check", "other")).toMatchObject({ exitCode: 0 })
  })

  it("keeps kvm beside them", async () => {
    const added = await run("./one", "host", "add", "k", "--kvm", "qemu:///system", "--no-connect")
    expect(added).toMatchObject({ exitCode: 0, answer: { host: { plugin: "kvm" } } })
  })

  it("says what a host needs that was added with a plugin which is not named any more", async () => {
    expect(await run("./one,./other", "host", "add", "lone", "--plugin", "one")).toMatchObject({ exitCode: 0 })
    expect(await run("", "host", "check", "lone")).toMatchObject({
      exitCode: 12,
      answer: { error: { code: "UNIMPLEMENTED", field: "plugin", hint: expect.stringContaining("kvm") } },
    })
    expect(await run("", "host", "add", "new", "--plugin", "one")).toMatchObject({
      exitCode: 12,
      answer: { error: { hint: expect.stringContaining("SLASH64_PLUGINS") } },
    })
  })

  it.each([
    [
      "a package that is not there",
      "slash64-plugin-absent",
      5,
      { code: "NOT_FOUND", value: '"slash64-plugin-absent"' },
    ],
    ["a second kvm", "@slash64/kvm", 6, { code: "ALREADY_EXISTS", value: '"@slash64/kvm"' }],
    [
      "one that speaks another contract",
      join(import.meta.dirname, "../../fixtures/plugins/wrong-contract"),
      9,
      { code: "FAILED_PRECONDITION", field: "plugins" },
    ],
  ])("refuses %s by its name", async (_what, plugins, exitCode, error) => {
    expect(await run(plugins, "status")).toMatchObject({ exitCode, answer: { error } })
  })
})

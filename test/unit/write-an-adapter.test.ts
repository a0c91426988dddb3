import { execFile } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { promisify } from "node:util"
import { loadPlugins } from "@slash64/core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { z } from "zod"

/** A busy machine may take its time to compile. */
const patienceMs = 300_000

const root = join(import.meta.dirname, "../..")
const page = readFileSync(join(root, "docs/write-an-adapter.md"), "utf8")
const bin = join(root, "node_modules/.bin")

/** The blocks that have a file's name above them. */
const files = [...page.matchAll(/^`([\w./-]+)`\n\n```\w+\n(.*?)^```$/gms)].map(([, name = "", text = ""]) => ({
  name,
  text,
}))

const report = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  testResults: z.array(z.object({ assertionResults: z.array(z.object({ title: z.string(), status: z.string() })) })),
})

describe("docs/write-an-adapter.md", () => {
  let project: string

  beforeAll(async () => {
    project = mkdtempSync(join(tmpdir(), "slash64-adapter-"))
    for (const { name, text } of files) {
      mkdirSync(dirname(join(project, name)), { recursive: true })
      writeFileSync(join(project, name), text)
    }
    await run(join(bin, "tsc"), "-b", join(root, "packages/conformance"))
    for (const name of ["core", "conformance"]) install(name, project)
  }, patienceMs)

  afterAll(() => rmSync(project, { recursive: true, force: true }))

  it("has the files of a package", () => {
    expect(files.map(({ name }) => name)).toEqual([
      "package.json",
      "tsconfig.json",
      "src/index.ts",
      "src/folder.ts",
      "src/host.ts",
      "src/rules.ts",
      "src/nics.ts",
      "src/templates.ts",
      "src/routers.ts",
      "src/conformance.test.ts",
    ])
  })

  it(
    "is compiled, is loaded as a plugin, and passes every check that it can be asked",
    async () => {
      await run(join(bin, "tsc"), "--project", project)
      const [plugin] = await loadPlugins({ plugins: ["./"], from: join(project, "server.js") })
      expect(plugin?.name).toBe("folder")
      await run(join(bin, "vitest"), "run", "--root", project, "--reporter=json", "--outputFile=report.json", "src")
      const result = report.parse(JSON.parse(readFileSync(join(project, "report.json"), "utf8")))
      expect(result.numFailedTests).toBe(0)
      expect(result.numPassedTests).toBeGreaterThan(100)
      const tests = result.testResults.flatMap(({ assertionResults }) => assertionResults)
      const left = tests.filter(({ status }) => status !== "passed").map(({ title }) => title)
      expect(
        left.filter(
          (title) =>
            !/lost|watch: |observeNic: gives|on something else|bytes pass|port security and|cannot be reached/.test(
              title,
            ),
        ),
      ).toEqual([])
    },
    patienceMs,
  )

  it("can be read in a quarter of an hour: 250 words of prose a minute, 60 lines of code", () => {
    const prose = page.replaceAll(/^```.*?^```$/gms, "").split(/\s+/).length
    const code = files.reduce((lines, { text }) => lines + text.split("\n").length, 0)
    expect(prose / 250 + code / 60).toBeLessThan(15)
  })

  async function run(program: string, ...args: readonly string[]): Promise<void> {
    const env = { ...process.env, PATH: `${bin}:${process.env["PATH"]}`, VITEST: "", VITEST_POOL_ID: "", NO_COLOR: "1" }
    await promisify(execFile)(program, args, { cwd: project, env }).catch((error: unknown) => {
      const output = error instanceof Error && "stdout" in error ? String(error.stdout) : ""
      throw new Error(`${String(error)}\n${output.slice(-4_000)}`, { cause: error })
    })
  }
})

/** A package as it is published, and beside it what it stands on. */
function install(name: string, project: string): void {
  const from = join(root, "packages", name)
  const to = join(project, "node_modules/@slash64", name)
  const manifest = z
    .looseObject({ publishConfig: z.object({ exports: z.unknown() }) })
    .parse(JSON.parse(readFileSync(join(from, "package.json"), "utf8")))
  mkdirSync(to, { recursive: true })
  writeFileSync(join(to, "package.json"), JSON.stringify({ ...manifest, exports: manifest.publishConfig.exports }))
  cpSync(join(from, "dist"), join(to, "dist"), { recursive: true })
  const needed = [join(from, "node_modules"), join(root, "node_modules")]
  for (const folder of needed) {
    for (const entry of readdirSync(folder)) {
      if (entry.startsWith(".") || entry === "@slash64") continue
      const target = join(project, "node_modules", entry)
      rmSync(target, { recursive: true, force: true })
      symlinkSync(join(folder, entry), target)
    }
  }
}

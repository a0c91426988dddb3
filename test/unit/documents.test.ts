import { existsSync, readFileSync, readdirSync } from "node:fs"
import { dirname, join } from "node:path"
import { createProgram, exitCodeTable } from "slash64"
import type { Program } from "slash64"
import { describe, expect, it } from "vitest"

const root = join(import.meta.dirname, "../..")
const documents = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  "SPEC.md",
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
  ...readdirSync(join(root, "docs/decisions")).map((name) => `docs/decisions/${name}`),
  ...readdirSync(join(root, "packages")).map((name) => `packages/${name}/README.md`),
]

function read(document: string): string {
  return readFileSync(join(root, document), "utf8")
}

describe("README.md", () => {
  it("has the exit codes that the program has", () => {
    const rows = exitCodeTable.map(
      ({ exitCode, code, meaning }) => `| ${exitCode} |${code && ` ${code}`} | ${meaning} |`,
    )
    expect(read("README.md")).toContain(rows.join("\n"))
  })
})

describe.each(documents)("%s", (document) => {
  it("links to files that are there", () => {
    const links = [...read(document).matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link = ""]) => link)
    expect(links.filter((link) => !existsSync(join(root, dirname(document), link)))).toEqual([])
  })

  it("has no mark of a merge that was left half done", () => {
    expect(read(document)).not.toMatch(/^(<{7}|={7}|>{7})( |$)/m)
  })

  it("names npm scripts that are there", () => {
    const scripts = [
      ...read(document).matchAll(/npm (?:run )?(?:-s )?(lab|test|slash64|bench|build|lint|format)(:\w+)?/g),
    ]
    const known: unknown = JSON.parse(read("package.json"))
    for (const [, script = "", more = ""] of scripts) expect(known).toHaveProperty(["scripts", `${script}${more}`])
  })

  it("names commands and options of slash64 that are there", () => {
    const shell = [...read(document).matchAll(/^```sh\n(.*?)^```$/gms)].map(([, text = ""]) => text).join("\n")
    const lines = shell.split(/\n|&&/).filter((line) => /^\s*slash64 /.test(line))
    expect(lines.filter((line) => !isKnown(line))).toEqual([])
  })
})

/** Whether the words lead to a command, and its options are options of that command. */
function isKnown(line: string): boolean {
  const words = line.replace(/#.*$/, "").trim().split(/\s+/).slice(1)
  let command: Program = createProgram("0", async () => undefined)
  const options = [...command.options]
  for (const word of words) {
    const next = command.commands.find((one) => one.name() === word)
    if (next === undefined) break
    command = next
    options.push(...command.options)
  }
  const given = words.filter((word) => word.startsWith("--"))
  return command.commands.length === 0 && given.every((word) => options.some(({ long }) => long === word))
}

import { execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { readDocExamples } from "./doc-examples.ts"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

const root = join(import.meta.dirname, "../..")
const names = ["core", "libvirt-rpc", "router", "kvm", "store-postgres", "conformance", "cli"]

const examples = readDocExamples(root, ["README.md", ...names.map((name) => `packages/${name}/README.md`)])

/** The programs of the workspace, whatever started the test. */
const env = {
  ...process.env,
  PATH: [join(root, "node_modules/.bin"), join(root, "test/node_modules/.bin"), process.env["PATH"]].join(":"),
  NO_COLOR: "1",
}

/** What a failed program said stands in the error: its standard output too, where compilers complain. */
async function run(program: string, args: readonly string[], cwd = root): Promise<string> {
  try {
    return (await promisify(execFile)(program, args, { cwd, env })).stdout
  } catch (error) {
    const output = error instanceof Error && "stdout" in error ? String(error.stdout) : ""
    throw new Error(`${String(error)}\n${output}`, { cause: error })
  }
}

describe("packages as they are published", () => {
  let folder: string
  let project: string
  const tarballs = new Map<string, string>()

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "slash64-pack-"))
    project = join(folder, "project")
    await packAll(folder, tarballs)
    mkdirSync(project)
    writeFileSync(join(project, "package.json"), JSON.stringify({ name: "a-server", private: true, type: "module" }))
    const options = ["--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts", "--omit=optional"]
    await run("npm", ["install", ...options, ...tarballs.values(), nodeTypes()], project)
    cpSync(join(root, "test/fixtures/outside"), project, { recursive: true })
    writeFileSync(join(project, "types.ts"), names.map(exportTypes).join(""))
    for (const { name, text } of examples) writeFileSync(join(project, `${name}.ts`), text)
  })

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  it.each(names)("%s passes publint", async (name) => {
    await expect(run("publint", ["--strict", tarballs.get(name) ?? ""])).resolves.toBeDefined()
  })

  it.each(names)("%s has right types", async (name) => {
    const profile = ["--profile", "esm-only"]
    await expect(run("attw", [...profile, tarballs.get(name) ?? ""])).resolves.toBeDefined()
  })

  it.each(names)("%s holds what is run, its license and its README, and no test", (name) => {
    const files = readdirSync(installed(name), { recursive: true, encoding: "utf8" })
    expect(files).toEqual(expect.arrayContaining(["LICENSE", "README.md", "package.json", "dist/index.js"]))
    expect(files.filter((file) => /\.(test|fixture)\.|tsbuildinfo|(?<!\.d)\.ts$/.test(file))).toEqual([])
  })

  it.each(names)("%s is imported under plain node, with its manifest", async (name) => {
    const target = packageName(name)
    const program = `await import("${target}"); await import("${target}/package.json", { with: { type: "json" } })`
    await expect(run("node", ["--input-type=module", "--eval", program], project)).resolves.toBeDefined()
  })

  it("gives every plugin the server's own core", () => {
    const copies = readdirSync(join(project, "node_modules"), { recursive: true, encoding: "utf8" })
    expect(copies.filter((path) => path.endsWith("@slash64/core"))).toEqual(["@slash64/core"])
  })

  it("type checks a server that uses them, and the examples of the documents", async () => {
    await expect(run("tsc", ["--project", project])).resolves.toBeDefined()
  })

  it("takes the roads from create-network to attach-nic under plain node", async () => {
    expect(JSON.parse(await run("node", ["dist/roads.js"], project))).toEqual({
      router: "running",
      ipv6: "2001:db8:0:1::80",
      taken: "ALREADY_EXISTS",
    })
  })

  it("serves what the README's server says", async () => {
    const server = spawn("node", ["dist/readme-md-0.js"], { cwd: project, env: { ...env, PORT: "0" } })
    try {
      // One that ends at once closes its output, and "data" never comes.
      const [line] = await Promise.race([once(server.stdout, "data"), once(server, "exit")])
      const port = /port: (\d+)/.exec(String(line))?.[1]
      const post = async (path: string, body: unknown): Promise<readonly [number, unknown]> => {
        const response = await fetch(`http://127.0.0.1:${port}${path}`, { method: "POST", body: JSON.stringify(body) })
        return [response.status, await response.json()]
      }
      const network = { name: "blue", attachment: { kind: "isolated" } }
      const good = { ...network, ipv6: { prefix: "2001:db8:0:1::/64", ra: "router" } }
      expect(await post("/networks", good)).toMatchObject([200, { id: "blue", ipv6: { gateway: "2001:db8:0:1::1" } }])
      expect(await post("/networks", good)).toMatchObject([200, { id: "blue" }])
      const bad = { ...network, ipv6: { prefix: "2001:db8:0:1::1/64" } }
      expect(await post("/networks", bad)).toMatchObject([400, { code: "INVALID_ARGUMENT", field: "ipv6.prefix" }])
      const nic = { network: "blue", id: "n1", host: "lab", vmId: "4dea22b3-1d52-d8f3-2516-782e98ab3fa0" }
      expect(await post("/nics", nic)).toMatchObject([400, { code: "FAILED_PRECONDITION", field: "network" }])
    } finally {
      server.kill()
    }
  })

  it.each(examples.filter(({ prints }) => prints !== undefined))("prints what $name says", async ({ name, prints }) => {
    expect(await run("node", [`dist/${name}.js`], project)).toBe(prints)
  })

  it("installs the program slash64", async () => {
    const stdout = await run(join(project, "node_modules/.bin/slash64"), ["--version"], project)
    expect(stdout).toBe("0.1.0\n")
  })

  function installed(name: string): string {
    return join(project, "node_modules", packageName(name))
  }
})

async function packAll(folder: string, tarballs: Map<string, string>): Promise<void> {
  const pnpm = /^pnpm_version=(.*)$/m.exec(readFileSync(join(root, "tools/setup/with-node24.sh"), "utf8"))?.[1]
  for (const name of names) {
    const target = join(folder, name)
    const pack = ["exec", "--yes", `--package=pnpm@${pnpm}`, "--", "pnpm", "pack", "--pack-destination", target]
    await run("npm", pack, join(root, "packages", name))
    tarballs.set(name, join(target, readdirSync(target)[0] ?? ""))
  }
}

/** Makes the compiler read every declaration of a package. */
function exportTypes(name: string): string {
  return `export type * as ${name.replaceAll("-", "")} from "${packageName(name)}"\n`
}

function packageName(name: string): string {
  return name === "cli" ? "slash64" : `@slash64/${name}`
}

function nodeTypes(): string {
  const manifest = readFileSync(join(root, "node_modules/@types/node/package.json"), "utf8")
  return `@types/node@${/"version": "([^"]+)"/.exec(manifest)?.[1]}`
}

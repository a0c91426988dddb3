import { execFile } from "node:child_process"
import { createHash } from "node:crypto"
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { routerIdFor } from "@slash64/core"
import { openKeyStore } from "@slash64/router"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { FakeRouter } from "../../packages/router/src/push/fake-router.fixture.ts"
import { serveRouter } from "../cli/serve-router.ts"
import { readDocExamples } from "./doc-examples.ts"
import { OutsideServer } from "./outside-server.ts"

const root = join(import.meta.dirname, "../..")
const names = ["core", "libvirt-rpc", "router", "kvm", "xenserver", "store-postgres", "conformance", "serve", "cli"]

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
    await run(
      "npm",
      [
        "install",
        ...options,
        ...tarballs.values(),
        asHere("@types/node", root),
        asHere("prom-client", join(root, "test")),
      ],
      project,
    )
    cpSync(join(root, "test/fixtures/outside"), project, { recursive: true })
    for (const name of ["core", "conformance"]) {
      cpSync(installed(name), join(project, "third/node_modules/@slash64", name), { recursive: true })
    }
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

  it("has a README whose server is less than 40 lines", () => {
    const lines =
      examples
        .find(({ name }) => name === "readme-md-0")
        ?.text.trim()
        .split("\n") ?? []
    expect(lines.length).toBeGreaterThan(10)
    expect(lines.length).toBeLessThan(40)
  })

  it("serves what the README's server says, on the plugin of a third party that has a core of its own", async () => {
    const router = new FakeRouter()
    const keys = openKeyStore({ directory: join(project, "state/keys") })
    const key = (await keys.managementKey()).publicKey
    const sshd = await serveRouter(router, await keys.hostKey(routerIdFor("blue")), key)
    await addHost(sshd.port)
    const server = await OutsideServer.start("dist/readme-md-0.js", project, { ...env, PLUGINS: "../third" })
    try {
      const network = { name: "blue", attachment: { kind: "isolated" } }
      const good = { ...network, ipv6: { prefix: "2001:db8:0:1::/64", ra: "router" } }
      const made = await server.send("POST", "/networks", good)
      expect(made).toMatchObject({ status: 200, body: { id: "blue", ipv6: { gateway: "2001:db8:0:1::1" } } })
      expect(await server.eventsOf(made.requestId)).toEqual(["network-created", "road-ended"])
      expect(await server.send("POST", "/networks", good)).toMatchObject({ status: 200, body: { id: "blue" } })
      const bad = await server.send("POST", "/networks", { ...network, ipv6: { prefix: "2001:db8:0:1::1/64" } })
      expect(bad).toMatchObject({ status: 400, body: { code: "INVALID_ARGUMENT", field: "ipv6.prefix" } })
      expect(await server.eventsOf(bad.requestId)).toEqual(["road-failed"])

      const nic = { network: "blue", id: "n1", host: "lab", vmId: "4dea22b3-1d52-d8f3-2516-782e98ab3fa0" }
      const early = await server.send("POST", "/nics", nic)
      expect(early).toMatchObject({ status: 400, body: { code: "FAILED_PRECONDITION", field: "network" } })
      const started = await server.send("POST", "/routers", { network: "blue", host: "lab" })
      expect(started).toMatchObject({ status: 200, body: { router: { state: "running" } } })
      const attached = await server.send("POST", "/nics", nic)
      expect(attached).toMatchObject({
        status: 200,
        body: { nic: { id: "n1", state: "attached" }, port: { live: true } },
      })
      const facts = ["nic-claimed", "router-converged", "nic-attached", "road-ended"]
      expect(await server.eventsOf(attached.requestId)).toEqual(facts)
      expect(router.reservations).toHaveLength(1)
      const detached = await server.send("DELETE", "/nics", { id: "n1" })
      expect(detached).toMatchObject({ status: 200, body: { nic: { id: "n1" } } })
      expect(router.reservations).toEqual([])
      expect(await server.send("PUT", "/nics", {})).toMatchObject({ status: 404, body: {} })
    } finally {
      server.stop()
      await sshd.close()
    }
  })

  it.each(examples.filter(({ prints }) => prints !== undefined))("prints what $name says", async ({ name, prints }) => {
    expect(await run("node", [`dist/${name}.js`], project)).toBe(prints)
  })

  it("installs the program slash64", async () => {
    const stdout = await run(join(project, "node_modules/.bin/slash64"), ["--version"], project)
    expect(stdout).toBe("0.1.0\n")
  })

  /** By the installed program, which knows the third party's errors by their code. */
  async function addHost(port: number): Promise<void> {
    const image = "a router template"
    const digest = `sha256:${createHash("sha256").update(image).digest("hex")}`
    const manifest = { version: "1", digest, file: "blue.qcow2", format: "qcow2" }
    writeFileSync(join(project, "blue.qcow2"), image)
    writeFileSync(join(project, "blue.json"), JSON.stringify(manifest))
    const slash64 = (...args: readonly string[]): Promise<string> =>
      run("env", ["SLASH64_PLUGINS=./third", "node_modules/.bin/slash64", "--db", "state/slash64.db", ...args], project)
    await slash64("template", "register", "blue.json")
    const add = ["host", "add", "lab", "--plugin", "third", "--config"]
    await expect(slash64(...add, "{}")).rejects.toThrow(/error: port is missing\nhint: Give the router's\./)
    await slash64(...add, JSON.stringify({ port }))
  }

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

/** A package in the version that is installed in a folder of the workspace. */
function asHere(name: string, folder: string): string {
  const manifest = readFileSync(join(folder, "node_modules", name, "package.json"), "utf8")
  return `${name}@${/"version": "([^"]+)"/.exec(manifest)?.[1]}`
}

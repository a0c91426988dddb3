import { execFile } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import {
  connectHost,
  isSlash64Error,
  loadPlugins,
  negotiateContract,
  newCall,
  parseContractVersion,
} from "@slash64/core"
import type { HypervisorPlugin } from "@slash64/core"
import { describe, expect, it } from "vitest"

const from = join(import.meta.dirname, "../fixtures/plugins/server.js")
const load = (...plugins: string[]): Promise<readonly HypervisorPlugin[]> =>
  loadPlugins({
    plugins: plugins.map((name) => `./${name}`),
    from,
    // A busy machine may take a second to load a module; only this one is meant to be late.
    timeoutMs: plugins.includes("hangs-on-import") ? 1_000 : 30_000,
  })

async function only(name: string): Promise<HypervisorPlugin> {
  const [plugin] = await load(name)
  if (plugin === undefined) throw new Error(`${name} did not load`)
  return plugin
}

const versions = (...texts: string[]) =>
  texts.map((text) => parseContractVersion(text)).filter((one) => one !== undefined)

describe("loadPlugins", () => {
  it("loads a plugin that carries a core of its own, and knows its errors by their brand", async () => {
    const plugin = await only("good")
    expect(plugin.name).toBe("good")
    await expect(connectHost(plugin, {}, newCall())).rejects.toMatchObject({ code: "INVALID_ARGUMENT" })
    await expect(connectHost(plugin, { url: "x" }, newCall())).rejects.toMatchObject({ code: "UNAUTHENTICATED" })
  })

  it("loads a package by its name", async () => {
    const folder = mkdtempSync(join(tmpdir(), "slash64-plugins-"))
    mkdirSync(join(folder, "node_modules"))
    symlinkSync(join(import.meta.dirname, "../fixtures/plugins/good"), join(folder, "node_modules/good"))
    const plugins = await loadPlugins({ plugins: ["good"], from: join(folder, "server.js") })
    expect(plugins.map(({ name }) => name)).toEqual(["good"])
    rmSync(folder, { recursive: true })
  })

  it.each([
    ["absent", "NOT_FOUND", /is not installed/],
    ["no-manifest", "FAILED_PRECONDITION", /has no manifest/],
    ["wrong-contract", "FAILED_PRECONDITION", /speaks contract 2\.0, 3\.1, this server 1\.0/],
    ["wrong-name", "FAILED_PRECONDITION", /"one" by its manifest and "other" by its code/],
    ["wrong-export", "FAILED_PRECONDITION", /does not give a plugin/],
    ["throws-on-import", "FAILED_PRECONDITION", /failed to load: no such native library/],
    ["hangs-on-import", "FAILED_PRECONDITION", /did not load within 1000 ms/],
  ])("refuses %s with %s, and names the package and a remedy", async (name, code, message) => {
    const value = JSON.stringify(`./${name}`)
    const details = { code, field: "plugins", value, hint: expect.any(String), message: expect.stringMatching(message) }
    await expect(load(name)).rejects.toMatchObject(details)
  })

  it("runs no code of a plugin that has no manifest or speaks another contract", async () => {
    await Promise.allSettled([load("no-manifest"), load("wrong-contract")])
    expect(Reflect.get(globalThis, "ranPlugin")).toBeUndefined()
  })

  it("refuses two plugins of one name", async () => {
    await expect(load("good", "good")).rejects.toMatchObject({ code: "ALREADY_EXISTS" })
  })
})

/** Packages that are written for one test: each a package.json and what else lies in its folder. */
class Packages {
  readonly from: string
  readonly #folder: string

  constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), "slash64-plugins-"))
    this.from = join(this.#folder, "server.js")
  }

  add(name: string, manifest: unknown, files: Readonly<Record<string, string>> = {}): void {
    const text = typeof manifest === "string" ? manifest : JSON.stringify(manifest)
    for (const [file, content] of Object.entries({ "package.json": text, ...files })) {
      const path = join(this.#folder, "node_modules", name, file)
      mkdirSync(join(path, ".."), { recursive: true })
      writeFileSync(path, content)
    }
  }

  load(...plugins: string[]): Promise<readonly HypervisorPlugin[]> {
    return loadPlugins({ plugins, from: this.from })
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true })
  }
}

const good = { type: "module", exports: { ".": "./index.js", "./package.json": "./package.json" } }
const manifest = { ...good, slash64: { plugin: "mine", contract: ["1.0"] } }
const source = (fields = ""): string =>
  `export default { name: "mine", contract: "1.0", parseConfig: (input) => input, connect: async () => ({}), ${fields} }`

describe("a package of a third party", () => {
  it.each([
    ["a manifest that is a string", { ...good, slash64: "kvm" }, source(), /wrong manifest: slash64 is "kvm"/],
    ["a manifest that is null", { ...good, slash64: null }, source(), /wrong manifest: slash64 is null/],
    ["a list of plugins", { ...good, slash64: [manifest.slash64] }, source(), /wrong manifest: slash64/],
    [
      "a contract that is no list",
      { ...good, slash64: { plugin: "mine", contract: "1.0" } },
      source(),
      /wrong manifest: slash64\.contract is "1\.0"/,
    ],
    [
      "no contract",
      { ...good, slash64: { plugin: "mine", contract: [] } },
      source(),
      /wrong manifest: slash64\.contract/,
    ],
    [
      "a contract that is a number",
      { ...good, slash64: { plugin: "mine", contract: [1.0] } },
      source(),
      /wrong manifest: slash64\.contract\.0 is 1/,
    ],
    [
      "a contract that is no version",
      { ...good, slash64: { plugin: "mine", contract: ["^1.0"] } },
      source(),
      /speaks contract \^1\.0, this server 1\.0/,
    ],
    [
      "a name in capitals",
      { ...good, slash64: { plugin: "KVM", contract: ["1.0"] } },
      source(),
      /wrong manifest: slash64\.plugin is "KVM"/,
    ],
    ["a package.json that is no JSON", "{", source(), /package\.json that cannot be read/],
    ["a package.json that is no object", "[]", source(), /package\.json that cannot be read/],
    [
      "a package.json that it hides",
      { ...manifest, exports: "./index.js" },
      source(),
      /does not export ".\/package.json"/,
    ],
    [
      "no entry",
      { ...manifest, exports: { "./package.json": "./package.json" } },
      source(),
      /no entry that could be imp/,
    ],
    [
      "an entry that is not there",
      { ...manifest, exports: { ...good.exports, ".": "./lib.js" } },
      source(),
      /failed to load/,
    ],
    ["no default export", manifest, "export const plugin = {}", /does not give a plugin/],
    ["null for a plugin", manifest, "export default null", /does not give a plugin/],
    ["a function for a plugin", manifest, "export default () => ({})", /does not give a plugin/],
    ["a syntax error", manifest, "export default {", /failed to load/],
    ["a string that it throws", manifest, 'throw "no licence"', /failed to load: no licence/],
    [
      "a thing without words that it throws",
      manifest,
      "throw Object.create(null)",
      /failed to load: \[object Object\]/,
    ],
    [
      "a contract in its code that its manifest lacks",
      manifest,
      source('contract: "1.1"'),
      /"1\.1", which its manifest/,
    ],
    [
      "a newer contract in its code",
      { ...good, slash64: { plugin: "mine", contract: ["1.0", "2.0"] } },
      source('contract: "2.0"'),
      /speaks contract 2\.0, this server 1\.0/,
    ],
  ])("with %s is refused", async (_what, packageJson, index, message) => {
    using packages = new Packages()
    packages.add("mine", packageJson, { "index.js": index })
    await expect(packages.load("mine")).rejects.toMatchObject({
      code: "FAILED_PRECONDITION",
      field: "plugins",
      value: '"mine"',
      hint: expect.stringMatching(/install a version|fits the other/i),
      message: expect.stringMatching(message),
    })
  })

  it.each([
    [
      "by the import condition alone",
      { ...manifest, exports: { ".": { import: "./index.js" }, "./package.json": "./package.json" } },
    ],
    [
      "by import before require",
      {
        ...manifest,
        exports: {
          ".": { types: "./no.d.ts", require: "./no.cjs", import: "./index.js" },
          "./package.json": "./package.json",
        },
      },
    ],
    [
      "by nested conditions",
      { ...manifest, exports: { ".": { node: { import: ["./index.js"] } }, "./package.json": "./package.json" } },
    ],
    ["by main", { type: "module", main: "index.js", slash64: manifest.slash64 }],
    ["by nothing", { type: "module", slash64: manifest.slash64 }],
  ])("is found %s", async (_how, packageJson) => {
    using packages = new Packages()
    packages.add("mine", packageJson, { "index.js": source() })
    await expect(packages.load("mine")).resolves.toMatchObject([{ name: "mine" }])
  })

  it("may be scoped, written for CommonJS, or an object of a class", async () => {
    using packages = new Packages()
    packages.add(
      "@third/mine",
      { slash64: manifest.slash64 },
      { "index.js": source().replace("export default", "module.exports =") },
    )
    packages.add(
      "classy",
      { ...good, slash64: { plugin: "classy", contract: ["1.0"] } },
      {
        "index.js": `class Classy { name = "classy"; contract = "1.0"; parseConfig() {} async connect() {} }
        export default new Classy()`,
      },
    )
    await expect(packages.load("@third/mine", "classy")).resolves.toMatchObject([{ name: "mine" }, { name: "classy" }])
  })

  it("has the name of another: refused before the code of either runs", async () => {
    using packages = new Packages()
    packages.add("one", manifest, { "index.js": 'globalThis.ranPlugin = "one"' })
    packages.add("other", manifest, { "index.js": 'globalThis.ranPlugin = "other"' })
    await expect(packages.load("one", "other")).rejects.toMatchObject({
      code: "ALREADY_EXISTS",
      message: 'plugin package "other" is a second plugin "mine"',
    })
    expect(Reflect.get(globalThis, "ranPlugin")).toBeUndefined()
  })

  it("asks for another core, and fails to load: the hint says both versions", async () => {
    using packages = new Packages()
    packages.add(
      "@slash64/core",
      { name: "@slash64/core", version: "7.0.0", type: "module", exports: "./index.js" },
      { "index.js": "" },
    )
    const index = `import { thing } from "@slash64/core"\n${source("thing")}`
    packages.add("mine", { ...manifest, peerDependencies: { "@slash64/core": "^7.0.0" } }, { "index.js": index })
    await expect(packages.load("mine")).rejects.toMatchObject({
      code: "FAILED_PRECONDITION",
      message: expect.stringContaining("failed to load"),
      hint: expect.stringMatching(/^It asks for @slash64\/core \^7\.0\.0, and this server has 0\.1\.0\./),
    })
  })

  it("carries a core of its own in its node_modules, and is served", async () => {
    using packages = new Packages()
    packages.add("mine", manifest, {
      "index.js": `import { Slash64Error } from "@slash64/core"
        const refuse = () => { throw new Slash64Error("PERMISSION_DENIED", "the host refuses root") }
        ${source("connect: refuse")}`,
      "node_modules/@slash64/core/package.json":
        '{ "name": "@slash64/core", "version": "0.0.7", "type": "module", "exports": "./index.js" }',
      "node_modules/@slash64/core/index.js": `export class Slash64Error extends Error {
        brand = "slash64.error/1"
        constructor(code, message) { super(message); this.code = code }
      }`,
    })
    const [plugin] = await packages.load("mine")
    if (plugin === undefined) throw new Error("not loaded")
    const error: unknown = await connectHost(plugin, {}, newCall()).catch((thrown: unknown) => thrown)
    expect(isSlash64Error(error) && error.code).toBe("PERMISSION_DENIED")
  })

  it("is told from a package that is not there", async () => {
    using packages = new Packages()
    await expect(packages.load("mine")).rejects.toMatchObject({
      code: "NOT_FOUND",
      value: '"mine"',
      hint: "Install it: npm install mine.",
    })
    await expect(packages.load("./mine")).rejects.toMatchObject({
      code: "NOT_FOUND",
      hint: expect.stringContaining("path"),
    })
  })
})

describe("the configuration of loadPlugins", () => {
  it.each([
    ["plugins", { plugins: "kvm", from }],
    ["plugins.0", { plugins: [""], from }],
    ["plugins.0", { plugins: [7], from }],
    ["from", { plugins: [] }],
    ["from", { plugins: ["good"], from: "server.js" }],
    ["timeoutMs", { plugins: [], from, timeoutMs: 0 }],
    ["plugin", { plugins: [], from, plugin: "kvm" }],
  ])("names %s where it is wrong: %j", async (field, config) => {
    await expect(Reflect.apply(loadPlugins, undefined, [config])).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      field,
    })
  })
})

describe("a server that waits for a plugin and has nothing else to do", () => {
  it.each([
    ["that hangs on import", 'await core.loadPlugins({ plugins: ["./hangs-on-import"], from, timeoutMs: 100 })'],
    [
      "that hangs on connect",
      `const [plugin] = await core.loadPlugins({ plugins: ["./hangs-on-connect"], from })
       await core.connectHost(plugin, {}, core.newCall(), 100)`,
    ],
  ])("lives until the deadline of one %s, and is told", async (_what, act) => {
    const core = JSON.stringify(import.meta.resolve("@slash64/core"))
    const program = `const core = await import(${core}); const from = ${JSON.stringify(from)}
      try { ${act} } catch (error) { process.stdout.write(error.message) }`
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program])
    expect(stdout).toMatch(/did not (load|connect) within 100 ms/)
  })
})

describe("negotiateContract", () => {
  it.each([
    [["1.0"], ["1.0"], "1.0"],
    [["1.3"], ["1.1"], "1.1"],
    [["1.0", "2.4"], ["1.9", "2.1", "2.2", "3.0"], "2.2"],
    [["1.0"], ["2.0"], undefined],
    [["1.0"], [], undefined],
  ])("of %j and %j gives %s", (ours, theirs, expected) => {
    const agreed = negotiateContract(versions(...ours), versions(...theirs))
    expect(agreed && `${agreed.major}.${agreed.minor}`).toBe(expected)
  })

  it.each(["1", "1.0.0", "01.0", "1.x", "", " 1.0", 1])("does not read %j as a version", (text) => {
    expect(parseContractVersion(text)).toBeUndefined()
  })
})

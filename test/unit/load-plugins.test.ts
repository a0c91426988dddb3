import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import {
  Slash64Error,
  connectHost,
  loadPlugins,
  negotiateContract,
  newCall,
  openHosts,
  parseContractVersion,
} from "@slash64/core"
import type { HypervisorPlugin } from "@slash64/core"
import { memoryPlugin } from "@slash64/conformance"
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

describe("connectHost", () => {
  it("gives up on a plugin that does not come back", async () => {
    const plugin = await only("hangs-on-connect")
    await expect(connectHost(plugin, {}, newCall(), 20)).rejects.toMatchObject({
      code: "DEADLINE_EXCEEDED",
      message: expect.stringContaining("hangs-on-connect"),
    })
  })

  it("refuses a host without a verb, and names it", async () => {
    const plugin = await only("lacks-a-verb")
    await expect(connectHost(plugin, {}, newCall())).rejects.toMatchObject({
      code: "INTERNAL",
      message: expect.stringContaining("attachNic"),
    })
  })
})

describe("openHosts", () => {
  const call = newCall()

  it("opens a host once for all who ask, and again after it failed", async () => {
    let opened = 0
    const memory = memoryPlugin()
    const plugin: HypervisorPlugin = {
      ...memory,
      parseConfig: () => {},
      connect: (_config, given) => {
        opened += 1
        if (opened === 1) throw new Slash64Error("UNAVAILABLE", "no route to host")
        return memory.connect(undefined, given)
      },
    }
    const hosts = openHosts({ findHost: async (name) => ({ name, plugin: "memory", config: {} }) }, [plugin])
    await expect(hosts.open("h1", call)).rejects.toMatchObject({ code: "UNAVAILABLE" })
    const [one, same] = await Promise.all([hosts.open("h1", call), hosts.open("h1", call)])
    expect(one).toBe(same)
    expect(opened).toBe(2)
    await hosts.close()
  })

  it("names a host that was not added, and a plugin that was not loaded", async () => {
    const none = openHosts({ findHost: async () => undefined }, [])
    await expect(none.open("h1", call)).rejects.toMatchObject({ code: "NOT_FOUND", field: "host" })
    const bare = openHosts({ findHost: async (name) => ({ name, plugin: "memory", config: {} }) }, [])
    await expect(bare.open("h1", call)).rejects.toMatchObject({ code: "UNIMPLEMENTED", field: "plugin" })
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

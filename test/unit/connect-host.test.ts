import { join } from "node:path"
import { MemoryHost, memoryPlugin, newMemoryWorld } from "@slash64/conformance"
import {
  Slash64Error,
  attachNic,
  connectHost,
  createNetwork,
  loadPlugins,
  newCall,
  openHosts,
  openRooms,
} from "@slash64/core"
import { parseHostConfig, startRouter } from "@slash64/core"
import type { HypervisorHost, HypervisorPlugin } from "@slash64/core"
import { describe, expect, it, onTestFinished } from "vitest"
import { RoadBench, networkRequest, nicRequest } from "./roads/road-bench.ts"

async function only(name: string): Promise<HypervisorPlugin> {
  const from = join(import.meta.dirname, "../fixtures/plugins/server.js")
  const [plugin] = await loadPlugins({ plugins: [`./${name}`], from })
  if (plugin === undefined) throw new Error(`${name} did not load`)
  return plugin
}

/** A plugin with one fault. */
function faulty(fault: Record<string, unknown>): HypervisorPlugin {
  const sound: HypervisorPlugin = { ...memoryPlugin(), name: "faulty", parseConfig: (input) => input }
  return Object.assign(sound, fault)
}

/** A host in memory with some verbs of its own. */
function hostWith(verbs: Record<string, unknown>): HypervisorHost {
  return Object.assign(new MemoryHost(newMemoryWorld()), verbs)
}

const ofPlugin = {
  code: "INTERNAL",
  field: "plugin",
  value: '"faulty"',
  hint: expect.stringContaining("tell its makers"),
}
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Errors that nobody caught: they would end a server. */
function uncaught(): unknown[] {
  const errors: unknown[] = []
  const note = (error: unknown): void => void errors.push(error)
  process.on("unhandledRejection", note)
  onTestFinished(() => void process.off("unhandledRejection", note))
  return errors
}

describe("connectHost", () => {
  it("gives up on a plugin that does not come back", async () => {
    const plugin = await only("hangs-on-connect")
    await expect(connectHost(plugin, {}, newCall(), 20)).rejects.toMatchObject({
      code: "DEADLINE_EXCEEDED",
      message: expect.stringContaining("hangs-on-connect"),
    })
  })

  it("refuses a host without a verb, names it, and closes the host", async () => {
    const plugin = await only("lacks-a-verb")
    await expect(connectHost(plugin, {}, newCall())).rejects.toMatchObject({
      code: "INTERNAL",
      message: expect.stringContaining("attachNic"),
    })
    let closed = 0
    const connect = async (): Promise<unknown> => ({ close: async () => (closed += 1) })
    await expect(connectHost(faulty({ connect }), {}, newCall())).rejects.toMatchObject(ofPlugin)
    await turn()
    expect(closed).toBe(1)
  })

  it.each([
    ["no host", async () => undefined],
    ["a string", async () => "host"],
    ["null at once", () => null],
  ])("refuses a plugin that gives %s", async (_what, connect) => {
    await expect(connectHost(faulty({ connect }), {}, newCall())).rejects.toMatchObject({
      ...ofPlugin,
      message: expect.stringContaining('"faulty" gave a host without describeHost'),
    })
  })

  it.each([
    ["rejects with a foreign error", () => Promise.reject(new TypeError("x is undefined")), /x is undefined/],
    ["throws at once", () => raise(new TypeError("x is undefined")), /x is undefined/],
    ["rejects with a string", () => Promise.reject("no route"), /no route/],
    ["rejects with nothing", () => Promise.reject(), /undefined/],
    ["rejects with a code of its own", () => Promise.reject({ brand: "slash64.error/1", code: "ENOHOST" }), /connect/],
  ])("explains a plugin that %s", async (_what, connect, message) => {
    await expect(connectHost(faulty({ connect }), {}, newCall())).rejects.toMatchObject({
      ...ofPlugin,
      message: expect.stringMatching(message),
    })
  })

  it("knows an error of the contract that came as JSON from another process", async () => {
    const json = JSON.parse(
      JSON.stringify({ brand: "slash64.error/1", code: "UNAVAILABLE", message: "down", hint: "wait" }),
    )
    const error: unknown = await connectHost(faulty({ connect: () => raise(json) }), {}, newCall()).catch(
      (e: unknown) => e,
    )
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({ code: "UNAVAILABLE", message: "down", hint: "wait", retryable: true })
  })

  it.each([
    ["is closed", 1, async () => {}],
    ["is closed though that fails", 1, () => Promise.reject(new Error("cannot close"))],
    ["is closed though that throws", 1, () => raise(new Error("cannot close"))],
  ])("a host that comes after the deadline %s", async (_what, times, onClose) => {
    const errors = uncaught()
    const gate = Promise.withResolvers<HypervisorHost>()
    let closed = 0
    const close = (): unknown => {
      closed += 1
      return onClose()
    }
    await expect(connectHost(faulty({ connect: () => gate.promise }), {}, newCall(), 20)).rejects.toMatchObject({
      code: "DEADLINE_EXCEEDED",
    })
    gate.resolve(hostWith({ close }))
    for (let turns = 0; turns < 3; turns += 1) await turn()
    expect(closed).toBe(times)
    expect(errors).toEqual([])
  })

  it("bears a refusal, or no host at all, after the deadline", async () => {
    const errors = uncaught()
    for (const end of [
      (gate: PromiseWithResolvers<unknown>) => gate.reject(new Error("late")),
      (gate: PromiseWithResolvers<unknown>) => gate.resolve(undefined),
    ]) {
      const gate = Promise.withResolvers<unknown>()
      await expect(connectHost(faulty({ connect: () => gate.promise }), {}, newCall(), 20)).rejects.toThrow(
        "did not connect",
      )
      end(gate)
      for (let turns = 0; turns < 3; turns += 1) await turn()
    }
    expect(errors).toEqual([])
  })

  it("says CANCELLED where the caller gave up", async () => {
    const cancel = new AbortController()
    const connecting = connectHost(
      faulty({ connect: () => new Promise(() => {}) }),
      {},
      newCall({ signal: cancel.signal }),
    )
    cancel.abort()
    await expect(connecting).rejects.toMatchObject({ code: "CANCELLED" })
  })
})

describe("parseHostConfig", () => {
  it("gives the plugin's own refusal", () => {
    const refusal = new Slash64Error("INVALID_ARGUMENT", "url is missing", { field: "url" })
    const parse = (): unknown => parseHostConfig(faulty({ parseConfig: () => raise(refusal) }), {})
    expect(parse).toThrow(refusal)
  })

  it.each([
    ["throws a foreign error", () => raise(new TypeError("x is undefined")), /failed in parseConfig: x is undefined/],
    ["throws null", () => raise(null), /failed in parseConfig: null/],
    ["is async", async () => ({}), /gave a promise from parseConfig/],
  ])("explains a parseConfig that %s", async (_what, parseConfig, message) => {
    await expect(connectHost(faulty({ parseConfig }), {}, newCall())).rejects.toMatchObject({
      ...ofPlugin,
      message: expect.stringMatching(message),
    })
  })
})

function open(verbs: Record<string, unknown>): Promise<HypervisorHost> {
  return connectHost(faulty({ connect: async () => hostWith(verbs) }), {}, newCall())
}

describe("the verbs of a host that is not trusted", () => {
  it.each([
    ["a string", () => Promise.reject("broken"), /failed in listNics: broken/],
    ["a number at once", () => raise(7), /failed in listNics: 7/],
    ["an object without words", () => raise(Object.create(null)), /failed in listNics: \[object Object\]/],
    ["undefined", () => Promise.reject(), /failed in listNics: undefined/],
    ["a TypeError", () => raise(new TypeError("x is undefined")), /failed in listNics: x is undefined/],
  ])("throw %s: INTERNAL, with plugin and verb", async (_what, listNics, message) => {
    const host = await open({ listNics })
    await expect(host.listNics(newCall())).rejects.toMatchObject({
      ...ofPlugin,
      message: expect.stringMatching(message),
    })
  })

  it("throw what the abort of the call gave them: CANCELLED", async () => {
    const host = await open({ listNics: async ({ signal }: { signal: AbortSignal }) => signal.throwIfAborted() })
    await expect(host.listNics(newCall({ signal: AbortSignal.abort() }))).rejects.toMatchObject({ code: "CANCELLED" })
  })

  it("throw an error of the contract: that one", async () => {
    const own = new Slash64Error("ABORTED", "again")
    await expect((await open({ listNics: () => raise(own) })).listNics(newCall())).rejects.toBe(own)
  })

  it("are called on a host that is frozen, and may need `this`", async () => {
    const host = await connectHost(
      faulty({ connect: async () => Object.freeze(new MemoryHost(newMemoryWorld())) }),
      {},
      newCall(),
    )
    expect(await host.listNics(newCall())).toEqual([])
    expect((await host.describeHost(newCall())).capabilities.liveAttach).toBe(true)
    await host.close()
  })

  it("that throw non-errors end a road with INTERNAL", async () => {
    await using bench = await RoadBench.open()
    const plugin: HypervisorPlugin = {
      ...memoryPlugin(),
      connect: async () => Object.assign(new MemoryHost(bench.world), { attachNic: raiseWord }),
    }
    const rooms = openRooms({ store: bench.store, hosts: openHosts(bench.store, [plugin]), routers: bench.routers })
    await createNetwork(networkRequest, rooms, newCall())
    await startRouter({ network: "lab", host: "h1" }, rooms, newCall())
    await expect(attachNic(nicRequest, rooms, newCall())).rejects.toMatchObject({
      code: "INTERNAL",
      message: 'plugin "memory" failed in attachNic: broken',
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

function raiseWord(): never {
  return raise("broken")
}

function raise(thrown: unknown): never {
  throw thrown
}

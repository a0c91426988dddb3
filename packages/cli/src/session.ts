import { Slash64Error, newCall, openHosts, openRooms, quote } from "@slash64/core"
import type { Call, HostRecord, HypervisorHost, HypervisorPlugin, Progress, RoadLog, Rooms, Store } from "@slash64/core"
import type { StatePaths } from "./state/state-paths.ts"
import type { World } from "./world.ts"

export interface SessionOptions {
  readonly world: World
  readonly paths: StatePaths
  readonly log: RoadLog
  readonly timeoutMs: number | undefined
  readonly report: (progress: Progress) => void
}

/** What one command holds open: the store, the hosts and the routers, opened when asked for and closed at its end. */
export class Session {
  readonly world: World
  readonly log: RoadLog
  readonly call: Call
  readonly paths: StatePaths
  #rooms: Promise<Rooms> | undefined
  #plugins: Promise<readonly HypervisorPlugin[]> | undefined

  constructor({ world, paths, log, timeoutMs, report }: SessionOptions) {
    this.world = world
    this.log = log
    this.call = newCall({ signal: world.signal, report, ...(timeoutMs !== undefined && { timeoutMs }) })
    this.paths = paths
  }

  rooms(): Promise<Rooms> {
    this.#rooms ??= this.#open()
    return this.#rooms
  }

  async store(): Promise<Store> {
    return (await this.rooms()).store
  }

  async host(name: string): Promise<HypervisorHost> {
    return (await this.rooms()).hosts.open(name, this.call)
  }

  /** The host that was named, or the only one that there is. */
  async hostName(given: string | undefined): Promise<string> {
    if (given !== undefined) return given
    const names = (await (await this.store()).listHosts()).map((host) => host.name)
    const [only] = names
    if (only !== undefined && names.length === 1) return only
    throw new Slash64Error("INVALID_ARGUMENT", "--host is missing", {
      field: "--host",
      hint: only === undefined ? "Add one: slash64 host add." : `Name one of ${names.join(", ")}.`,
    })
  }

  async hostRecord(name: string): Promise<HostRecord> {
    const store = await this.store()
    const record = await store.findHost(name)
    if (record !== undefined) return record
    const names = (await store.listHosts()).map((host) => host.name)
    throw new Slash64Error("NOT_FOUND", `host ${quote(name)} was not added`, {
      field: "host",
      value: quote(name),
      hint: names.length === 0 ? "Add it: slash64 host add." : `Name one of ${names.join(", ")}, or add it.`,
    })
  }

  async plugin(name: string): Promise<HypervisorPlugin> {
    const plugins = await this.plugins()
    const plugin = plugins.find((known) => known.name === name)
    if (plugin !== undefined) return plugin
    const known = plugins.map((one) => one.name).join(", ")
    throw new Slash64Error("UNIMPLEMENTED", `plugin ${quote(name)} is not installed`, {
      field: "plugin",
      value: quote(name),
      hint: `The plugins here are: ${known}. Another one's package is installed, and named in SLASH64_PLUGINS.`,
    })
  }

  plugins(): Promise<readonly HypervisorPlugin[]> {
    this.#plugins ??= this.world.loadPlugins()
    return this.#plugins
  }

  /** Never throws: what cannot be closed is logged. */
  async close(): Promise<void> {
    const [opened] = await Promise.allSettled([this.#rooms])
    if (opened.status === "rejected" || opened.value === undefined) return
    const { store, hosts, routers } = opened.value
    for (const room of [routers, hosts, store]) {
      try {
        await room.close()
      } catch (error) {
        this.log.debug({ error }, "not closed")
      }
    }
  }

  async #open(): Promise<Rooms> {
    const plugins = await this.plugins()
    const store = await this.world.openStore(this.paths)
    const hosts = openHosts(store, plugins)
    return openRooms({ store, hosts, routers: this.world.openRouters(this.paths), log: this.log })
  }
}

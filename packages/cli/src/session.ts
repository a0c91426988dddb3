import { Slash64Error, newCall, quote } from "@slash64/core"
import type { Call, HostRecord, HypervisorHost, HypervisorPlugin, Progress, Store } from "@slash64/core"
import type { Logger } from "pino"
import { prepareState } from "./state/state-paths.ts"
import type { StatePaths } from "./state/state-paths.ts"
import type { World } from "./world.ts"

export interface SessionOptions {
  readonly world: World
  readonly paths: StatePaths
  readonly log: Logger
  readonly timeoutMs: number | undefined
  readonly report: (progress: Progress) => void
}

/** What one command holds open: the store and the hosts that it asked for, each opened once, all closed at its end. */
export class Session {
  readonly world: World
  readonly paths: StatePaths
  readonly log: Logger
  readonly call: Call
  #store: Promise<Store> | undefined
  readonly #hosts = new Map<string, Promise<HypervisorHost>>()

  constructor({ world, paths, log, timeoutMs, report }: SessionOptions) {
    this.world = world
    this.paths = paths
    this.log = log
    this.call = newCall({ signal: world.signal, report, ...(timeoutMs !== undefined && { timeoutMs }) })
  }

  store(): Promise<Store> {
    this.#store ??= prepareState(this.paths).then(() => this.world.openStore(this.paths))
    return this.#store
  }

  /** NOT_FOUND for a host that was not added. */
  async hostRecord(name: string): Promise<HostRecord> {
    const store = await this.store()
    const record = await store.findHost(name)
    if (record !== undefined) return record
    const known = (await store.listHosts()).map((host) => host.name)
    throw new Slash64Error("NOT_FOUND", `host ${quote(name)}: was not added`, {
      field: "host",
      value: quote(name),
      hint:
        known.length === 0
          ? "Add one: slash64 host add NAME --kvm qemu:///system"
          : `The hosts are ${known.join(", ")}; add another with slash64 host add.`,
    })
  }

  async host(name: string): Promise<HypervisorHost> {
    const open = this.#hosts.get(name) ?? this.hostRecord(name).then((record) => this.connect(record))
    this.#hosts.set(name, open)
    return open
  }

  /** Opens a host by its record, also before it is in the store; closed at the end of the session. */
  async connect(record: HostRecord): Promise<HypervisorHost> {
    const plugin = this.plugin(record.plugin)
    this.call.report({ step: `connecting to host ${record.name}` })
    const open = plugin.connect(plugin.parseConfig(record.config), this.call)
    this.#hosts.set(record.name, open)
    return open
  }

  plugin(name: string): HypervisorPlugin {
    const plugin = this.world.plugins.find((known) => known.name === name)
    if (plugin !== undefined) return plugin
    const known = this.world.plugins.map((one) => one.name).join(", ")
    throw new Slash64Error("UNIMPLEMENTED", `plugin ${quote(name)}: is not installed`, {
      field: "plugin",
      value: quote(name),
      hint: `The plugins here are ${known}.`,
    })
  }

  /** Never throws: what cannot be closed is logged. */
  async close(): Promise<void> {
    const hosts = await Promise.allSettled(this.#hosts.values())
    const closing = hosts.flatMap((host) => (host.status === "fulfilled" ? [host.value.close()] : []))
    const closed = await Promise.allSettled([...closing, this.#store?.then((store) => store.close())])
    for (const result of closed) {
      if (result.status === "rejected") this.log.debug({ err: result.reason }, "not closed")
    }
  }
}

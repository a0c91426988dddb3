import { Slash64Error, quote } from "../errors.ts"
import type { Store } from "../store/store.ts"
import { newCall, untilAborted } from "./call.ts"
import type { Call } from "./call.ts"
import type { HypervisorHost, HypervisorPlugin } from "./hypervisor-plugin.ts"

/** The hosts by the name that they were added under. */
export interface Hosts {
  /** The connection that is open, or a new one. NOT_FOUND when no host was added under this name. */
  open(name: string, call: Call): Promise<HypervisorHost>
  close(): Promise<void>
}

/** A connection is opened by the first call that needs it and may serve others, so it has a deadline of its own. */
const connectTimeoutMs = 30_000

/** Hosts out of the store, each opened once by the plugin that its record names. */
export function openHosts(store: Pick<Store, "findHost">, plugins: readonly HypervisorPlugin[]): Hosts {
  const connections = new Map<string, Promise<HypervisorHost>>()

  const connect = async (name: string, call: Call): Promise<HypervisorHost> => {
    const record = await store.findHost(name)
    if (record === undefined) {
      throw new Slash64Error("NOT_FOUND", `host ${quote(name)} was not added`, {
        field: "host",
        value: quote(name),
        hint: "List the hosts with `slash64 host list`, or add it with `slash64 host add`.",
      })
    }
    const plugin = plugins.find((one) => one.name === record.plugin)
    if (plugin === undefined) {
      throw new Slash64Error("UNIMPLEMENTED", `host ${quote(name)} needs the plugin ${quote(record.plugin)}`, {
        field: "plugin",
        value: quote(record.plugin),
        hint: `Loaded are: ${plugins.map((one) => one.name).join(", ") || "none"}. Install and load the one it needs.`,
      })
    }
    return plugin.connect(plugin.parseConfig(record.config), call)
  }

  return {
    open(name, call) {
      const open = connections.get(name)
      if (open !== undefined) return untilAborted(open, call.signal)
      const { requestId } = call
      const shared = newCall({ requestId, timeoutMs: connectTimeoutMs, report: (progress) => call.report(progress) })
      const opening = connect(name, shared)
      connections.set(name, opening)
      opening.catch(() => connections.delete(name))
      return untilAborted(opening, call.signal)
    },
    async close() {
      const open = await Promise.allSettled(connections.values())
      connections.clear()
      await Promise.all(open.flatMap((one) => (one.status === "fulfilled" ? one.value.close() : [])))
    },
  }
}

import { Slash64Error, quote } from "../errors.ts"
import type { Store } from "../store/store.ts"
import { newCall, untilAborted } from "./call.ts"
import type { Call } from "./call.ts"
import { connectHost } from "./connect-host.ts"
import type { HypervisorHost, HypervisorPlugin } from "./hypervisor-plugin.ts"

/** The hosts by the name that they were added under. */
export interface Hosts {
  /** The connection that is open, or a new one. NOT_FOUND when no host was added under this name. */
  open(name: string, call: Call): Promise<HypervisorHost>
  close(): Promise<void>
}

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
    return connectHost(plugin, record.config, call)
  }

  return {
    open(name, call) {
      const open = connections.get(name)
      if (open !== undefined) return untilAborted(open, call.signal)
      // The first call that needs a connection opens it for all, so it is not that call's to cancel.
      const shared = newCall({ requestId: call.requestId, report: (progress) => call.report(progress) })
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

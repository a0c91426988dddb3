import { isDeepStrictEqual } from "node:util"
import { Slash64Error, quote } from "../errors.ts"
import type { HostRecord } from "../network/records.ts"
import type { Store } from "../store/store.ts"
import { checkAborted, newCall, untilAborted } from "./call.ts"
import type { Call } from "./call.ts"
import { connectHost } from "./connect-host.ts"
import type { HypervisorHost, HypervisorPlugin } from "./hypervisor-plugin.ts"

/** The hosts by the name that they were added under. */
export interface Hosts {
  /**
   * The connection that is open, or a new one. NOT_FOUND when no host was added under this name, FAILED_PRECONDITION
   * after `close`.
   */
  open(name: string, call: Call): Promise<HypervisorHost>
  /** Ends all connections; there are none any more. Repeated: success. */
  close(): Promise<void>
}

/**
 * Hosts out of the store, each opened once by the plugin that its record names; again, by another connection, when its
 * record says another plugin or configuration than before.
 */
export function openHosts(store: Pick<Store, "findHost">, plugins: readonly HypervisorPlugin[]): Hosts {
  const connections = new Map<string, Connection>()
  let closed = false

  const connect = async (record: HostRecord, call: Call): Promise<HypervisorHost> =>
    connectHost(findPlugin(plugins, record), record.config, call)

  return {
    async open(name, call) {
      const record = await store.findHost(name)
      // Whoever was waiting for the record must not connect behind a close: nobody would end that connection.
      checkAborted(call.signal)
      if (closed) throw closedBefore(name)
      if (record === undefined) throw notAdded(name)
      const open = connections.get(name)
      if (open !== undefined && isDeepStrictEqual(open.record, record)) return untilAborted(open.host, call.signal)
      // The first call that needs a connection opens it for all, so it is not that call's to cancel.
      const shared = newCall({ requestId: call.requestId, report: (progress) => call.report(progress) })
      const opened = { record, host: connect(record, shared) }
      connections.set(name, opened)
      opened.host.catch(() => {
        if (connections.get(name) === opened) connections.delete(name)
      })
      if (open !== undefined) void close([open])
      return untilAborted(opened.host, call.signal)
    },
    async close() {
      closed = true
      const open = [...connections.values()]
      connections.clear()
      await close(open)
    },
  }
}

interface Connection {
  readonly record: HostRecord
  readonly host: Promise<HypervisorHost>
}

async function close(connections: readonly Connection[]): Promise<void> {
  const open = await Promise.allSettled(connections.map(({ host }) => host))
  await Promise.all(open.flatMap((one) => (one.status === "fulfilled" ? one.value.close() : [])))
}

function findPlugin(plugins: readonly HypervisorPlugin[], { name, plugin }: HostRecord): HypervisorPlugin {
  const found = plugins.find((one) => one.name === plugin)
  if (found !== undefined) return found
  throw new Slash64Error("UNIMPLEMENTED", `host ${quote(name)} needs the plugin ${quote(plugin)}`, {
    field: "plugin",
    value: quote(plugin),
    hint: `Loaded are: ${plugins.map((one) => one.name).join(", ") || "none"}. Install and load the one it needs.`,
  })
}

function closedBefore(name: string): Slash64Error {
  return new Slash64Error("FAILED_PRECONDITION", `host ${quote(name)} was asked for after the hosts were closed`, {
    field: "host",
    value: quote(name),
    hint: "Ask for it before the close, or open the hosts anew.",
  })
}

function notAdded(name: string): Slash64Error {
  return new Slash64Error("NOT_FOUND", `host ${quote(name)} was not added`, {
    field: "host",
    value: quote(name),
    hint: "List the hosts with `slash64 host list`, or add it with `slash64 host add`.",
  })
}

import { once } from "node:events"
import { connect } from "node:net"
import { LibvirtConnectionError } from "../connection-error.ts"
import type { Transport } from "./transport.ts"

/** The socket of libvirt's daemon on this machine. The first of `paths` that answers is used. */
export function unixSocket(paths: readonly string[]): Transport {
  return async (signal) => {
    const failures: unknown[] = []
    for (const path of paths) {
      try {
        const socket = connect(path)
        await once(socket, "connect", { signal })
        return socket
      } catch (cause) {
        signal.throwIfAborted()
        failures.push(cause)
      }
    }
    throw new LibvirtConnectionError(
      "UNREACHABLE",
      `No libvirt daemon answers on ${paths.join(" or ")}: ${failures.map(String).join("; ")}. Is libvirtd running?`,
      { cause: failures[0] },
    )
  }
}

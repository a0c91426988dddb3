import { Connection, type ConnectionOptions } from "./connection.ts"
import { LibvirtConnectionError } from "./connection-error.ts"
import { REMOTE_AUTH_NONE, REMOTE_AUTH_POLKIT } from "./generated/protocol.ts"
import { parseUri, type LibvirtUri } from "./parse-uri.ts"
import type { Transport } from "./transport/transport.ts"
import { ssh, type SshOptions } from "./transport/ssh.ts"
import { unixSocket } from "./transport/unix-socket.ts"

export interface ConnectOptions extends ConnectionOptions {
  /** Ends the attempt to connect; the connection itself, once open, no longer listens to it. */
  readonly signal?: AbortSignal
  /** How a `+ssh` URI logs in. */
  readonly ssh?: SshOptions
  /** Opens the byte stream in place of what the URI says; the URI then only names the driver. */
  readonly transport?: Transport
  /** libvirt's virConnectFlags, for example VIR_CONNECT_RO. */
  readonly flags?: number
}

/**
 * Connects to libvirt's daemon, authenticates, and opens the driver that the URI names (virConnectOpen).
 *
 * @example await connect("qemu:///system")
 * @example await connect("qemu+ssh://root@host/system", { ssh: { privateKey, hostKeys: ["SHA256:..."] } })
 */
export async function connect(uri: string, options: ConnectOptions = {}): Promise<Connection> {
  const parsed = parseUri(uri)
  const signal = options.signal ?? new AbortController().signal
  const open = options.transport ?? transportOf(parsed, options.ssh)
  if (signal.aborted) throw aborted(uri, signal)
  const duplex = await open(signal).catch((cause: unknown) => {
    if (signal.aborted) throw aborted(uri, signal)
    if (cause instanceof LibvirtConnectionError) throw cause
    throw new LibvirtConnectionError("UNREACHABLE", `No connection to ${uri}: ${String(cause)}`, { cause })
  })
  const connection = new Connection(duplex, options)
  try {
    await authenticate(connection, signal)
    await connection.connectOpen({ name: parsed.name, flags: options.flags ?? 0 }, { signal })
    return connection
  } catch (error) {
    connection.destroy()
    throw error
  }
}

function transportOf({ transport }: LibvirtUri, sshOptions: SshOptions | undefined): Transport {
  if (transport.kind === "unix") return unixSocket(transport.sockets)
  if (sshOptions !== undefined) return ssh(transport, sshOptions)
  const text = "ssh: a +ssh URI needs a client, or hostKeys and a privateKey or agent"
  throw new LibvirtConnectionError("INVALID_ARGUMENT", text)
}

async function authenticate(connection: Connection, signal: AbortSignal): Promise<void> {
  const { types } = await connection.authList({ signal })
  if (types.includes(REMOTE_AUTH_NONE)) return
  if (!types.includes(REMOTE_AUTH_POLKIT)) {
    const text = `libvirt wants authentication of type ${types.join(", ")} (1 is SASL), which is not spoken here`
    throw new LibvirtConnectionError("UNSUPPORTED", text)
  }
  try {
    await connection.authPolkit({ signal })
  } catch (cause) {
    const text =
      "libvirt's polkit rules refuse this user. Connect as root, let a polkit rule admit the user " +
      "(Debian's admits members of the group libvirt), or set auth_unix_rw in libvirtd.conf"
    throw new LibvirtConnectionError("AUTHENTICATION", text, { cause })
  }
}

function aborted(uri: string, signal: AbortSignal): LibvirtConnectionError {
  return new LibvirtConnectionError("ABORTED", `Connecting to ${uri} was aborted`, { cause: signal.reason })
}

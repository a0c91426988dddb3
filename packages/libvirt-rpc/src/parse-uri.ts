import { join } from "node:path"
import { LibvirtConnectionError } from "./connection-error.ts"

export interface LibvirtUri {
  /** What the daemon is asked to open: the URI without its transport, `qemu:///system`. */
  readonly name: string
  readonly transport: UnixAddress | SshAddress
}

export interface UnixAddress {
  readonly kind: "unix"
  /** Where the socket may be, in the order in which to try. */
  readonly sockets: readonly string[]
}

export interface SshAddress {
  readonly kind: "ssh"
  readonly host: string
  readonly port: number
  readonly username: string
  readonly sockets: readonly string[]
}

/**
 * Parses libvirt's URIs: `driver[+transport]://[user@][host][:port]/path[?socket=path]`, with the transports unix (the
 * default without a host) and ssh. Anything else, unknown parameters included, is INVALID_ARGUMENT.
 */
export function parseUri(text: string): LibvirtUri {
  const url = URL.parse(text)
  if (url === null) throw invalid(text, "is no URI. An example is qemu:///system")
  if (url.password !== "") throw invalid(url.hostname, "holds a password; give credentials apart from the URI")
  const [driver = "", transport = url.hostname === "" ? "unix" : "tls"] = url.protocol.slice(0, -1).split("+")
  for (const key of url.searchParams.keys()) {
    if (key !== "socket") throw invalid(text, `has the parameter ${key}; only socket is known here`)
  }
  const socket = url.searchParams.get("socket")
  if (socket !== null && !socket.startsWith("/")) throw invalid(text, "has a socket that is no absolute path")
  const sockets = socket === null ? defaultSockets(driver, url.pathname) : [socket]
  const name = `${driver}://${url.pathname}`
  if (transport === "unix" && url.hostname === "") return { name, transport: { kind: "unix", sockets } }
  if (transport !== "ssh") throw invalid(text, "wants a transport other than unix (without a host) and ssh")
  if (url.hostname === "") throw invalid(text, "names no host")
  if (url.username === "") throw invalid(text, "names no user. Write qemu+ssh://user@host/system")
  return {
    name,
    transport: {
      kind: "ssh",
      host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
      port: url.port === "" ? 22 : Number(url.port),
      username: decodeURIComponent(url.username),
      sockets,
    },
  }
}

/** The monolithic daemon's socket (which virtproxyd serves too), then that of the driver's own daemon. */
function defaultSockets(driver: string, path: string): readonly string[] {
  const directory =
    path === "/session" ? join(process.env["XDG_RUNTIME_DIR"] ?? "/run/user/unknown", "libvirt") : "/run/libvirt"
  return [join(directory, "libvirt-sock"), join(directory, `virt${driver}d-sock`)]
}

function invalid(text: string, problem: string): LibvirtConnectionError {
  return new LibvirtConnectionError("INVALID_ARGUMENT", `The URI ${JSON.stringify(text)} ${problem}`)
}

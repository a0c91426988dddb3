import { invalid } from "@slash64/core"

export interface LibvirtTarget {
  /** What libvirt is asked to open, once the socket is reached. */
  readonly driver: "qemu:///system"
  /** The daemon's sockets on the host, in the order in which to try. */
  readonly sockets: readonly string[]
  readonly ssh?: SshTarget
}

export interface SshTarget {
  readonly user: string
  /** A host name or an address without brackets. */
  readonly host: string
  readonly port: number
}

/** Of libvirtd, or virtproxyd beside modular daemons; then of QEMU's own daemon, which leads on to the others. */
const defaultSockets = ["/run/libvirt/libvirt-sock", "/run/libvirt/virtqemud-sock"]

/** Reads the URIs of libvirt that we can reach (https://libvirt.org/uri.html); INVALID_ARGUMENT for every other one. */
export function parseLibvirtUri(uri: string): LibvirtTarget {
  if (!URL.canParse(uri)) throw refuse(uri, "not a URI")
  const url = new URL(uri)
  if (url.protocol !== "qemu:" && url.protocol !== "qemu+unix:" && url.protocol !== "qemu+ssh:") {
    throw refuse(uri, "neither qemu, qemu+unix nor qemu+ssh")
  }
  if (url.pathname !== "/system") throw refuse(uri, "not the system instance")
  if (url.hash !== "" || url.password !== "")
    throw refuse(uri.replace(/:[^:@/]*@/, ":(not shown)@"), "has a password or a fragment")
  const unknown = [...url.searchParams.keys()].find((key) => key !== "socket")
  if (unknown !== undefined) throw refuse(uri, `knows no parameter ${unknown}`)
  const socket = url.searchParams.get("socket")
  if (socket !== null && !/^\/[\x21-\x7e]{1,106}$/.test(socket))
    throw refuse(uri, "its socket is not an absolute path of at most 107 characters")
  const sockets = socket === null ? defaultSockets : [socket]
  if (url.protocol !== "qemu+ssh:") {
    if (url.host !== "") throw refuse(uri, "names a host without qemu+ssh")
    return { driver: "qemu:///system", sockets }
  }
  return { driver: "qemu:///system", sockets, ssh: sshTarget(uri, url) }
}

function sshTarget(uri: string, url: URL): SshTarget {
  const user = url.username
  const host = url.hostname.replaceAll(/^\[|\]$/g, "")
  if (!/^[A-Za-z_][A-Za-z0-9._-]{0,31}$/.test(user)) throw refuse(uri, "names no user")
  if (!/^[A-Za-z0-9][A-Za-z0-9.:-]{0,252}$|^::[0-9a-f:.]*$/.test(host)) throw refuse(uri, "names no host")
  return { user, host, port: url.port === "" ? 22 : Number(url.port) }
}

function refuse(uri: string, problem: string): Error {
  return invalid(
    "uri",
    uri,
    problem,
    "Give qemu:///system, or qemu+ssh://user@host[:port]/system; ?socket=/path is allowed.",
  )
}

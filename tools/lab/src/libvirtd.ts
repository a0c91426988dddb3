import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { invalid, Slash64Error } from "@slash64/core"
import { startPublicLibvirtd } from "./daemons/public-libvirtd.ts"
import { answers } from "./daemons/socket.ts"
import { findSupervisor, isAlive, startSupervisor, stopSupervisor } from "./daemons/supervisor.ts"
import type { Supervisor } from "./daemons/supervisor.ts"

const script = join(import.meta.dirname, "daemons/private-libvirtd.sh")

/** A libvirtd that answers. */
export interface Libvirtd {
  /** What a libvirt client connects to: `qemu:///system`, with `?socket=` where it is a private one. */
  readonly uri: string
  readonly socket: string
  /** The process to watch: of a private one, the holder of its namespaces. Undefined when it was running before. */
  readonly pid: number | undefined
  /**
   * Ends what {@link startLibvirtd} started. Private: destroys its VMs and its networks with their bridges, and leaves
   * no process. Public: ends the daemons and leaves VMs alone. One that was running before is left running.
   */
  stop(): Promise<void>
}

export interface LibvirtdRequest {
  /** Absolute, at most 80 characters (a socket's path has 107); made when absent, and never removed here. */
  readonly dir: string
  /**
   * True: a libvirtd that sees its own /run, /var/lib, /etc, /var/cache and /var/log/libvirt, which are in `dir`, and
   * that any number may run beside. VMs, QEMU's files and `/run/openvswitch` are its own; the network is the host's, so
   * bridges need unique names. False: the one of this machine, started only when none answers.
   */
  readonly private: boolean
  /** Hides /dev/kvm from it and from its VMs: for a /dev/kvm that does not work (see prove-kvm.ts). */
  readonly hideKvm: boolean
  /** For a private one. `caller`, the default: it ends with this process, however that ends. */
  readonly hold?: "caller" | "detached"
  readonly signal?: AbortSignal
}

/** Starts virtlogd and libvirtd without systemd, as root, and resolves when libvirtd answers. */
export async function startLibvirtd(request: LibvirtdRequest): Promise<Libvirtd> {
  if (request.dir.length > 80 || !request.dir.startsWith("/")) {
    throw invalid("dir", request.dir, "is not an absolute path of at most 80 characters", "choose a short one in /tmp")
  }
  await mkdir(request.dir, { recursive: true, mode: 0o711 })
  return request.private ? startPrivateLibvirtd(request) : startPublicLibvirtd(request)
}

async function startPrivateLibvirtd(request: LibvirtdRequest): Promise<Libvirtd> {
  const { dir } = request
  await layOut(dir)
  const supervisor = await startSupervisor({
    script,
    args: [dir, String(request.hideKvm)],
    record: recordOf(dir),
    logFile: join(dir, "log/daemons.log"),
    hold: request.hold ?? "caller",
  })
  const libvirtd = toPrivate(dir, supervisor)
  try {
    await waitUntilItAnswers(libvirtd, supervisor, dir, request.signal)
  } catch (error) {
    await libvirtd.stop()
    throw error
  }
  return libvirtd
}

/** The private libvirtd that another process started detached on `dir`; undefined when none runs. */
export async function findPrivateLibvirtd(dir: string): Promise<Libvirtd | undefined> {
  const supervisor = await findSupervisor(recordOf(dir), script)
  return supervisor === undefined ? undefined : toPrivate(dir, supervisor)
}

function toPrivate(dir: string, supervisor: Supervisor): Libvirtd {
  const socket = join(dir, "run/libvirt-sock")
  return {
    uri: `qemu:///system?socket=${socket}`,
    socket,
    pid: supervisor.pid,
    stop: () => stopSupervisor(supervisor, recordOf(dir)),
  }
}

function recordOf(dir: string): string {
  return join(dir, "supervisor.json")
}

/** QEMU as root: what a test puts anywhere is readable to it. No cgroups: nothing of it stays in /sys. */
const qemuConf = `namespaces = []
user = "root"
group = "root"
remember_owner = 0
security_driver = "none"
cgroup_controllers = []
`

const libvirtdConf = `unix_sock_rw_perms = "0600"
unix_sock_ro_perms = "0600"
unix_sock_admin_perms = "0600"
auth_unix_rw = "none"
auth_unix_ro = "none"
listen_tls = 0
listen_tcp = 0
`

async function layOut(dir: string): Promise<void> {
  for (const part of ["run", "lib", "lib/dnsmasq", "etc", "cache", "log", "openvswitch", "dev"]) {
    await mkdir(join(dir, part), { recursive: true, mode: 0o711 })
  }
  for (const mountPoint of [
    "/run/libvirt",
    "/var/lib/libvirt",
    "/var/cache/libvirt",
    "/var/log/libvirt",
    "/run/openvswitch",
  ]) {
    await mkdir(mountPoint, { recursive: true })
  }
  await writeFile(join(dir, "etc/qemu.conf"), qemuConf)
  await writeFile(join(dir, "etc/libvirtd.conf"), libvirtdConf)
  await writeFile(join(dir, "etc/virtlogd.conf"), "")
  await cp("/etc/libvirt/nwfilter", join(dir, "etc/nwfilter"), { recursive: true })
  await rm(join(dir, "run/libvirt-sock"), { force: true })
}

async function waitUntilItAnswers(
  libvirtd: Libvirtd,
  supervisor: Supervisor,
  dir: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const deadline = AbortSignal.any([AbortSignal.timeout(60_000), ...(signal === undefined ? [] : [signal])])
  while (!(await answers(libvirtd.socket))) {
    const log = join(dir, "log/daemons.log")
    if (!isAlive(supervisor.pid)) throw didNotStart(await readFile(log, "utf8"))
    if (signal?.aborted === true) throw new Slash64Error("CANCELLED", "starting libvirtd was cancelled")
    if (deadline.aborted) throw didNotStart(`no answer in 60 s; see ${log}`)
  }
}

function didNotStart(said: string): Slash64Error {
  return new Slash64Error("FAILED_PRECONDITION", `libvirtd did not start: ${said.trim().slice(-500)}`, {
    hint: "run as root with libvirt-daemon-system and qemu-system-x86 installed",
  })
}

import { execFile } from "node:child_process"
import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { Slash64Error } from "@slash64/core"
import { findSupervisor, isAlive, startSupervisor, stopSupervisor } from "./daemons/supervisor.ts"
import type { Supervisor } from "./daemons/supervisor.ts"

const run = promisify(execFile)
const script = join(import.meta.dirname, "daemons/openvswitch.sh")

/** An Open vSwitch that switches in user space, so it needs no kernel module. */
export interface OpenVswitch {
  /** For `OVS_RUNDIR` in the environment of programs that call `ovs-vsctl`. */
  readonly runDir: string
  /**
   * The words before a program's name that run it where a switch with `ownNetwork` is: in its network, and as a process
   * that ends with it. Empty for any other.
   */
  readonly enter: readonly string[]
  /** Runs `ovs-vsctl` on it, each value an argument; gives what it printed. */
  vsctl(...args: readonly string[]): Promise<string>
  /** Makes a bridge with the user-space datapath, and sets it up. Repeated: success. */
  addBridge(name: string): Promise<void>
  /** Absent: success. */
  removeBridge(name: string): Promise<void>
  /** Ends both daemons; the bridges and their devices go with them. One that was running before is left running. */
  stop(): Promise<void>
}

export interface OpenVswitchRequest {
  /**
   * Absolute; holds database and logs. The `dir` of a private libvirtd shows the switch to that libvirtd and its
   * `ovs-vsctl`, whichever is started first.
   */
  readonly dir: string
  /** True: the one of this machine, in /run/openvswitch, started only when none answers. */
  readonly system?: boolean
  /** As in `LibvirtdRequest`. */
  readonly hold?: "caller" | "detached"
  /** True: bridges and their ports are in a network of the switch's own, where any name is free. */
  readonly ownNetwork?: boolean
}

/**
 * Starts ovsdb-server and ovs-vswitchd, as root; a detached one that runs on `dir` is found. A TCP peer on a
 * user-space bridge needs checksum offload off on both sides (`ethtool -K <veth> tx off`, csum/gso/tso off on
 * virtio): ping passes with it on, TCP does not.
 */
export async function startOpenVswitch(request: OpenVswitchRequest): Promise<OpenVswitch> {
  const dir = join(request.dir, "openvswitch")
  const runDir = request.system === true ? "/run/openvswitch" : dir
  const record = join(dir, "supervisor.json")
  const running = await findSupervisor(record, script)
  const ownNetwork = request.ownNetwork === true
  if (running !== undefined) return toSwitch(runDir, running, record, ownNetwork)
  if (await answers(runDir)) return toSwitch(runDir, undefined, record, false)

  await mkdir(dir, { recursive: true, mode: 0o711 })
  await mkdir(runDir, { recursive: true })
  const logFile = join(dir, "daemons.log")
  const hold = request.hold ?? "caller"
  const supervisor = await startSupervisor({ script, args: [dir, runDir], record, logFile, hold, ownNetwork })
  const deadline = Date.now() + 20_000
  while (!(await answers(runDir))) {
    if (Date.now() < deadline && isAlive(supervisor.pid)) continue
    await stopSupervisor(supervisor, record)
    throw new Slash64Error("FAILED_PRECONDITION", `Open vSwitch did not start; see ${logFile}`, {
      hint: "run as root with openvswitch-switch installed",
    })
  }
  return toSwitch(runDir, supervisor, record, ownNetwork)
}

/** The one with `ownNetwork` that another process started detached on `dir`; undefined when none runs. */
export async function findOpenVswitch(dir: string): Promise<OpenVswitch | undefined> {
  const runDir = join(dir, "openvswitch")
  const record = join(runDir, "supervisor.json")
  const running = await findSupervisor(record, script)
  return running === undefined ? undefined : toSwitch(runDir, running, record, true)
}

function toSwitch(
  runDir: string,
  supervisor: Supervisor | undefined,
  record: string,
  ownNetwork: boolean,
): OpenVswitch {
  // A namespace's own root is the machine's, also where this runs in a chroot: hence --root.
  const enter =
    supervisor === undefined || !ownNetwork
      ? []
      : ["nsenter", "--target", String(supervisor.initPid), "--net", "--pid", "--mount", "--root"]
  return {
    runDir,
    enter,
    vsctl: (...args) => vsctl(runDir, args),
    async addBridge(name) {
      const bridge = ["set", "bridge", name, "datapath_type=netdev"]
      await vsctl(runDir, ["--may-exist", "add-br", name, "--", ...bridge])
      const [program, ...words] = [...enter, "ip", "link", "set", "dev", name, "up"]
      await run(program, words)
    },
    async removeBridge(name) {
      await vsctl(runDir, ["--if-exists", "del-br", name])
    },
    stop: async () => supervisor && stopSupervisor(supervisor, record),
  }
}

async function answers(runDir: string): Promise<boolean> {
  return vsctl(runDir, ["show"]).then(
    () => true,
    () => false,
  )
}

async function vsctl(runDir: string, args: readonly string[]): Promise<string> {
  return (await run("ovs-vsctl", [`--db=unix:${runDir}/db.sock`, "--timeout=10", ...args])).stdout
}

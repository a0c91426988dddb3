import { execFile } from "node:child_process"
import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { Slash64Error } from "@slash64/core"
import { isAlive, startSupervisor, stopSupervisor } from "./daemons/supervisor.ts"

const run = promisify(execFile)

/** An Open vSwitch of its own, in user space, so it needs no kernel module. */
export interface OpenVswitch {
  /** For `OVS_RUNDIR` in the environment of programs that call `ovs-vsctl`. */
  readonly runDir: string
  /** Runs `ovs-vsctl` on it, each value an argument; gives what it printed. */
  vsctl(...args: readonly string[]): Promise<string>
  /** Makes a bridge with the user-space datapath, and sets it up. Repeated: success. */
  addBridge(name: string): Promise<void>
  /** Ends both daemons; the bridges and their devices go with them. */
  stop(): Promise<void>
}

export interface OpenVswitchRequest {
  /**
   * Absolute. The `dir` of a private libvirtd shows the switch to that libvirtd and its `ovs-vsctl`, whichever is
   * started first.
   */
  readonly dir: string
  /** As in `LibvirtdRequest`. */
  readonly hold?: "caller" | "detached"
}

/**
 * Starts ovsdb-server and ovs-vswitchd, as root. A TCP peer on a user-space bridge needs checksum offload off on both
 * sides (`ethtool -K <veth> tx off`, csum/gso/tso off on virtio): ping passes with it on, TCP does not.
 */
export async function startOpenVswitch(request: OpenVswitchRequest): Promise<OpenVswitch> {
  const runDir = join(request.dir, "openvswitch")
  await mkdir(runDir, { recursive: true, mode: 0o711 })
  const logFile = join(runDir, "daemons.log")
  const supervisor = await startSupervisor({
    script: join(import.meta.dirname, "daemons/private-openvswitch.sh"),
    args: [runDir],
    logFile,
    hold: request.hold ?? "caller",
  })
  const vsctl = async (...args: readonly string[]) => {
    const command = [`--db=unix:${runDir}/db.sock`, "--timeout=10", ...args]
    return (await run("ovs-vsctl", command)).stdout
  }
  const deadline = Date.now() + 20_000
  while (
    !(await vsctl("show").then(
      () => true,
      () => false,
    ))
  ) {
    if (Date.now() < deadline && isAlive(supervisor.pid)) continue
    await stopSupervisor(supervisor)
    throw new Slash64Error("FAILED_PRECONDITION", `Open vSwitch did not start; see ${logFile}`, {
      hint: "run as root with openvswitch-switch installed",
    })
  }
  return {
    runDir,
    vsctl,
    async addBridge(name) {
      await vsctl("--may-exist", "add-br", name, "--", "set", "bridge", name, "datapath_type=netdev")
      await run("ip", ["link", "set", "dev", name, "up"])
    },
    stop: () => stopSupervisor(supervisor),
  }
}

import { execFile } from "node:child_process"
import { access } from "node:fs/promises"
import { promisify } from "node:util"

const run = promisify(execFile)

/**
 * The bridge that a rack's administrator would have made: no IPv6 of the host on it, no spanning tree, and no
 * multicast snooping, which without a querier loses neighbour discovery after some minutes. Repeated: success.
 */
export async function ensureLinuxBridge(name: string): Promise<void> {
  if (!(await exists(name))) await run("ip", ["link", "add", "name", name, "type", "bridge"])
  await run("sysctl", ["-q", "-w", `net.ipv6.conf.${name}.disable_ipv6=1`])
  await run("ip", ["link", "set", "dev", name, "type", "bridge", "mcast_snooping", "0", "stp_state", "0"])
  await run("ip", ["link", "set", "dev", name, "up"])
}

/** Absent: success. */
export async function removeLinuxBridge(name: string): Promise<void> {
  if (await exists(name)) await run("ip", ["link", "delete", "dev", name, "type", "bridge"])
}

async function exists(name: string): Promise<boolean> {
  return access(`/sys/class/net/${name}`).then(
    () => true,
    () => false,
  )
}

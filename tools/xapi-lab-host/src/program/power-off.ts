import { existsSync } from "node:fs"
import { setTimeout as delay } from "node:timers/promises"
import { askControl, findOpenVswitch, removeLinuxBridge } from "@slash64/tool-lab"
import { joiningBridges, openPlan, plannedHosts } from "./lab-plan.ts"
import { controlSocket } from "./run-pool.ts"

/** The toolstack, the hosts and all VMs are gone, as by a power cut; disks and database stay. Off already: success. */
export async function powerOff(dir: string): Promise<void> {
  const socket = controlSocket(dir)
  if (existsSync(socket)) await askControl(socket, "stop", {}).catch(() => undefined)
  while (existsSync(socket) && (await isAnswered(socket))) await delay(50)
  const { hosts } = await openPlan(dir, undefined)
  for (const { directory } of plannedHosts(dir, hosts)) await (await findOpenVswitch(directory))?.stop()
  for (const bridge of joiningBridges(dir)) await removeLinuxBridge(bridge)
}

async function isAnswered(socket: string): Promise<boolean> {
  return askControl(socket, "show", {}).then(
    () => true,
    () => false,
  )
}

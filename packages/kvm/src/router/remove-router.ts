import { type Call, parseId } from "@slash64/core"
import type { HostParts } from "../libvirt/parts.ts"
import { storageOf } from "../template/storage.ts"
import { removeIdleControlNetwork } from "./control-network.ts"
import { volumesOf } from "./ensure-router.ts"
import { findMarkedRouter } from "./find-router.ts"
import { consoleLog } from "./router-xml.ts"

/** Stops the router and removes its disks; the domain, which tells that they are there, goes after them. */
export async function removeRouter(parts: HostParts, routerId: string, call: Call): Promise<void> {
  const { signal } = call
  const { domains, pools } = parts.libvirt
  const found = await findMarkedRouter(parts.libvirt, parseId("router.id", routerId), signal)
  if (found === undefined) return
  const { pool } = storageOf(parts.config)
  const { disk, seedDisk } = volumesOf(routerId)
  await domains.destroy(found.domain.uuid, signal)
  await pools.deleteVolume(pool, disk, signal)
  await pools.deleteVolume(pool, seedDisk, signal)
  await domains.undefine(found.domain.uuid, signal)
  await removeIdleControlNetwork(parts, found.router.controlNetwork, signal)
  // The log is no more than litter now, so a host that lets us remove no file keeps it.
  await parts.shell.run(["rm", "-f", consoleLog(routerId)], { signal, asRoot: true }).catch(() => {})
}

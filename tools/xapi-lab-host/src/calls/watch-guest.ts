import { setTimeout as delay } from "node:timers/promises"
import type { LowerHalf } from "../lower/lower-half.ts"
import { type Ref, nullRef } from "../model/types.ts"
import { wireTime } from "../wire-time.ts"
import type { World } from "../world.ts"
import { type GuestNic, readGuestNics } from "./guest-nics.ts"

const driversMs = 500
const agentMs = 2000

/**
 * Gives a VM its guest metrics once drivers in the guest answer, and in them the addresses that the guest's agent tells
 * as long as it runs: on XenServer an agent in the guest writes both into xenstore.
 */
export async function watchGuest(world: World, vm: Ref): Promise<void> {
  const { db } = world
  const { domid } = db.get("VM", vm)
  while (!world.closed.aborted) {
    const row = db.find("VM", vm)
    if (row?.domid !== domid || row.power_state === "Halted") return
    const below = world.below(row.resident_on)
    // A machine that ends meanwhile tells nothing.
    if (row.guest_metrics === nullRef) {
      if (await below.hasDrivers(row.uuid).catch(() => false)) tellDrivers(world, vm)
    } else {
      tellNetworks(world, vm, await askNics(below, row.uuid).catch(() => undefined))
    }
    await delay(row.guest_metrics === nullRef ? driversMs : agentMs, undefined, { ref: false })
  }
}

function tellDrivers({ db }: World, vm: Ref): void {
  const guest_metrics = db.add("VM_guest_metrics", {
    PV_drivers_detected: true,
    PV_drivers_up_to_date: true,
    can_use_hotplug_vif: "yes",
    last_updated: wireTime(),
  })
  db.set("VM", vm, { guest_metrics })
  db.save()
}

async function askNics(below: LowerHalf, vmId: string): Promise<readonly GuestNic[] | undefined> {
  if (!(await below.hasAgent(vmId))) return undefined
  return readGuestNics(await below.askAgent(vmId, "guest-network-get-interfaces"))
}

/** As XenServer writes it: `0/ip`, `0/ipv4/0`, `0/ipv6/0` by the device number of the VIF. */
function tellNetworks({ db }: World, vm: Ref, nics: readonly GuestNic[] | undefined): void {
  const row = db.find("VM", vm)
  if (nics === undefined || row === undefined) return
  const metrics = db.find("VM_guest_metrics", row.guest_metrics)
  if (metrics === undefined) return
  const networks = Object.fromEntries(
    row.VIFs.flatMap((ref) => {
      const { device, MAC } = db.get("VIF", ref)
      const { ipv4 = [], ipv6 = [] } = nics.find(({ mac }) => mac === MAC.toLowerCase()) ?? {}
      return [
        ...ipv4.slice(0, 1).map((address) => [`${device}/ip`, address] as const),
        ...ipv4.map((address, index) => [`${device}/ipv4/${index}`, address] as const),
        ...ipv6.map((address, index) => [`${device}/ipv6/${index}`, address] as const),
      ]
    }),
  )
  if (JSON.stringify(networks) === JSON.stringify(metrics.networks)) return
  db.set("VM_guest_metrics", row.guest_metrics, { networks, last_updated: wireTime() })
  db.save()
}

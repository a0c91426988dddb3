import { setTimeout as delay } from "node:timers/promises"
import { type Ref, nullRef } from "../model/types.ts"
import { wireTime } from "../wire-time.ts"
import type { World } from "../world.ts"

const lookMs = 500

/** Gives a VM its guest metrics once drivers in the guest answer, as the agent of a guest does on XenServer. */
export async function watchDrivers(world: World, vm: Ref): Promise<void> {
  const { db } = world
  const { domid } = db.get("VM", vm)
  while (!world.closed.aborted) {
    const row = db.find("VM", vm)
    if (row?.domid !== domid || row.power_state === "Halted" || row.guest_metrics !== nullRef) return
    // A machine that ends meanwhile has none.
    if (
      await world
        .below(row.resident_on)
        .hasDrivers(row.uuid)
        .catch(() => false)
    )
      return tell(world, vm)
    await delay(lookMs, undefined, { ref: false })
  }
}

function tell({ db }: World, vm: Ref): void {
  const guest_metrics = db.add("VM_guest_metrics", {
    PV_drivers_detected: true,
    PV_drivers_up_to_date: true,
    can_use_hotplug_vif: "yes",
    last_updated: wireTime(),
  })
  db.set("VM", vm, { guest_metrics })
  db.save()
}

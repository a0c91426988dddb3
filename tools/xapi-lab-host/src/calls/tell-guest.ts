import { wireTime } from "../wire-time.ts"
import type { World } from "../world.ts"

/** Writes what an agent in the guest would tell of its NICs; on XenServer it comes by xenstore. */
export function tellGuest({ db }: World, vmId: string, networks: Readonly<Record<string, string>>): void {
  const found = db.all("VM").find(([, { uuid }]) => uuid === vmId)
  if (found === undefined) throw new Error(`no VM ${vmId}`)
  const [vm, { guest_metrics }] = found
  const told = { networks, last_updated: wireTime() }
  if (db.find("VM_guest_metrics", guest_metrics) === undefined) {
    db.set("VM", vm, { guest_metrics: db.add("VM_guest_metrics", told) })
  } else {
    db.set("VM_guest_metrics", guest_metrics, told)
  }
  db.save()
}

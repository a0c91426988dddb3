import type { Row } from "../model/schema.ts"
import { type Ref, nullRef } from "../model/types.ts"
import type { World } from "../world.ts"
import { XapiError } from "../xapi-error.ts"

export type PowerState = Row<"VM">["power_state"]

/** The VM in one of these states; VM_BAD_POWER_STATE names them in this order. */
export function needPower({ db }: World, vm: Ref, ...allowed: readonly PowerState[]): Row<"VM"> {
  const row = db.get("VM", vm)
  if (allowed.includes(row.power_state)) return row
  const [wanted, is] = [allowed.join(", ").toLowerCase(), row.power_state.toLowerCase()]
  throw new XapiError("VM_BAD_POWER_STATE", vm, wanted, is)
}

/** What is true of a VM that is off. */
export function markHalted({ db }: World, vm: Ref): void {
  const { VIFs, VBDs, guest_metrics } = db.get("VM", vm)
  for (const vif of VIFs) if (db.get("VIF", vif).currently_attached) db.set("VIF", vif, { currently_attached: false })
  for (const vbd of VBDs) if (db.get("VBD", vbd).currently_attached) db.set("VBD", vbd, { currently_attached: false })
  if (db.find("VM_guest_metrics", guest_metrics) !== undefined) db.remove("VM_guest_metrics", guest_metrics)
  db.set("VM", vm, { power_state: "Halted", resident_on: nullRef, guest_metrics: nullRef, domid: -1 })
}

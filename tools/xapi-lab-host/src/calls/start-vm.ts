import type { DiskSpec } from "../lower/lower-half.ts"
import type { Ref } from "../model/types.ts"
import type { World } from "../world.ts"
import { wireTime } from "../wire-time.ts"
import { XapiError } from "../xapi-error.ts"
import { watchGuest } from "./watch-guest.ts"
import { portOf, prepareBridge } from "./ports.ts"
import { markHalted, needPower } from "./power.ts"

export interface StartChoice {
  readonly paused: boolean
  /** Absent: the first that takes VMs. */
  readonly host?: Ref
}

export async function startVm(world: World, vm: Ref, choice: StartChoice): Promise<void> {
  const { db } = world
  if (db.get("VM", vm).is_a_template) throw new XapiError("VM_IS_TEMPLATE", vm, "start")
  const row = needPower(world, vm, "Halted")
  const blocked = row.blocked_operations["start"]
  if (blocked !== undefined) throw new XapiError("OPERATION_BLOCKED", vm, blocked)
  const host = pickHost(world, vm, choice.host)
  db.set("VM", vm, { domid: world.nextDomid() })
  try {
    for (const vif of row.VIFs) await prepareBridge(world, vif, host)
    await world.below(host).startVm({
      id: row.uuid,
      memoryBytes: row.memory_static_max,
      vcpus: row.VCPUs_at_startup,
      disks: row.VBDs.flatMap((vbd) => diskOf(world, vbd)).toSorted((one, other) => one.device - other.device),
      ports: row.VIFs.map((vif) => portOf(world, vif)),
      paused: choice.paused,
    })
  } catch (error) {
    markHalted(world, vm)
    throw error
  }
  if (!world.below(host).isRunning(row.uuid)) {
    markHalted(world, vm)
    throw new XapiError("INTERNAL_ERROR", `the machine of ${row.uuid} ended at once`)
  }
  db.set("VM", vm, { power_state: choice.paused ? "Paused" : "Running", resident_on: host })
  for (const vif of row.VIFs) db.set("VIF", vif, { currently_attached: true })
  for (const vbd of row.VBDs) db.set("VBD", vbd, { currently_attached: true })
  db.set("VM_metrics", row.metrics, { start_time: wireTime(), memory_actual: row.memory_static_max })
  void watchGuest(world, vm)
}

function pickHost({ db }: World, vm: Ref, asked: Ref | undefined): Ref {
  const isLive = (host: Ref): boolean => db.get("host_metrics", db.get("host", host).metrics).live
  if (asked !== undefined) {
    if (!isLive(asked)) throw new XapiError("HOST_OFFLINE", asked)
    if (!db.get("host", asked).enabled) throw new XapiError("HOST_DISABLED", asked)
    return asked
  }
  const able = db.refs("host").filter((host) => db.get("host", host).enabled && isLive(host))
  const { affinity } = db.get("VM", vm)
  const host = able.find((one) => one === affinity) ?? able[0]
  if (host === undefined) throw new XapiError("NO_HOSTS_AVAILABLE", vm)
  return host
}

function diskOf({ db, disks }: World, vbd: Ref): readonly DiskSpec[] {
  const { VDI, userdevice, mode, empty } = db.get("VBD", vbd)
  if (empty) return []
  return [{ device: Number(userdevice), file: disks.pathOf(db.get("VDI", VDI).uuid), readOnly: mode === "RO" }]
}

import { randomUUID } from "node:crypto"
import { recordOf } from "../../model/schema.ts"
import { type Ref, bool, int, text, texts } from "../../model/types.ts"
import type { World } from "../../world.ts"
import { XapiError } from "../../xapi-error.ts"
import { cloneVm } from "../clone-vm.ts"
import { type Method, method } from "../method.ts"
import { needPower } from "../power.ts"

export const vmMethods: readonly Method[] = [
  method("VM.create", {
    params: { record: recordOf("VM") },
    result: text,
    run({ record }, { db }) {
      const metrics = db.add("VM_metrics", { VCPUs_number: record.VCPUs_at_startup })
      const other_config = { mac_seed: randomUUID(), ...record.other_config }
      return db.add("VM", { ...record, metrics, other_config })
    },
  }),
  method("VM.clone", {
    params: { self: text, new_name: text },
    result: text,
    run: ({ self, new_name }, world) => world.turns.run(self, () => cloneVm(world, self, new_name)),
  }),
  method("VM.provision", {
    params: { self: text },
    run({ self }, world) {
      needPower(world, self, "Halted")
      world.db.set("VM", self, { is_a_template: false })
    },
  }),
  method("VM.set_is_a_template", {
    params: { self: text, value: bool },
    run({ self, value }, world) {
      needPower(world, self, "Halted")
      world.db.set("VM", self, { is_a_template: value })
    },
  }),
  method("VM.destroy", {
    params: { self: text },
    run: ({ self }, world) => world.turns.run(self, async () => destroyVm(world, self)),
  }),
  method("VM.get_allowed_VIF_devices", {
    params: { self: text },
    result: texts,
    run({ self }, { db }) {
      const taken = new Set(db.get("VM", self).VIFs.map((vif) => db.get("VIF", vif).device))
      return Array.from({ length: 7 }, (_, number) => String(number)).filter((device) => !taken.has(device))
    },
  }),
  method("VM.set_memory_limits", {
    params: { self: text, static_min: int, static_max: int, dynamic_min: int, dynamic_max: int },
    run({ self, static_min, static_max, dynamic_min, dynamic_max }, world) {
      needPower(world, self, "Halted")
      world.db.set("VM", self, {
        memory_static_min: static_min,
        memory_static_max: static_max,
        memory_dynamic_min: dynamic_min,
        memory_dynamic_max: dynamic_max,
      })
    },
  }),
  ...(["VCPUs_max", "VCPUs_at_startup"] as const).map((field) =>
    method(`VM.set_${field}`, {
      params: { self: text, value: int },
      run({ self, value }, world) {
        needPower(world, self, "Halted")
        if (value < 1) throw new XapiError("INVALID_VALUE", field, String(value))
        world.db.set("VM", self, { [field]: value })
      },
    }),
  ),
]

/** Its disks outlive it, as on a running xapi. */
function destroyVm(world: World, vm: Ref): void {
  const { db } = world
  const { VIFs, VBDs, metrics } = needPower(world, vm, "Halted", "Suspended")
  for (const vif of VIFs) db.remove("VIF", vif)
  for (const vbd of VBDs) db.remove("VBD", vbd)
  if (db.find("VM_metrics", metrics) !== undefined) db.remove("VM_metrics", metrics)
  db.remove("VM", vm)
}

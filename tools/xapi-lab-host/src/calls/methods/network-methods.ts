import { recordOf } from "../../model/schema.ts"
import { type Ref, oneOf, text } from "../../model/types.ts"
import type { World } from "../../world.ts"
import { XapiError } from "../../xapi-error.ts"
import { method } from "../method.ts"

const longestBridge = 15
const reservedBridge = /^(xen|xapi|vif|tap|eth)/

export const networkMethods = [
  method("network.create", {
    params: { record: recordOf("network") },
    result: text,
    run({ record }, { db }) {
      const bridge = record.bridge === "" ? firstFreeBridge(db) : record.bridge
      if (record.bridge !== "" && (bridge.length > longestBridge || reservedBridge.test(bridge))) {
        throw new XapiError("INVALID_VALUE", "bridge", bridge)
      }
      if (bridgesOf(db).has(bridge)) throw new XapiError("BRIDGE_NAME_EXISTS", bridge)
      return db.add("network", { ...record, bridge, MTU: record.MTU > 0 ? record.MTU : 1500 })
    },
  }),
  method("network.destroy", {
    params: { self: text },
    async run({ self }, world) {
      const { db } = world
      const { VIFs, PIFs, bridge } = db.get("network", self)
      const attached = attachedVifs(db, VIFs)
      if (attached !== undefined) throw new XapiError("NETWORK_CONTAINS_VIF", attached)
      if (PIFs[0] !== undefined) throw new XapiError("NETWORK_CONTAINS_PIF", PIFs[0])
      for (const vif of VIFs) db.remove("VIF", vif)
      db.remove("network", self)
      for (const host of db.refs("host")) await world.below(host).removeBridge(bridge)
    },
  }),
  method("network.set_default_locking_mode", {
    params: { self: text, value: oneOf("unlocked", "disabled") },
    run({ self, value }, { db }) {
      const attached = attachedVifs(db, db.get("network", self).VIFs)
      if (attached !== undefined) throw new XapiError("VIF_IN_USE", self, attached)
      db.set("network", self, { default_locking_mode: value })
    },
  }),
]

function attachedVifs(db: World["db"], vifs: readonly Ref[]): Ref | undefined {
  return vifs.find((vif) => db.get("VIF", vif).currently_attached)
}

function bridgesOf(db: World["db"]): ReadonlySet<string> {
  return new Set(db.all("network").map(([, { bridge }]) => bridge))
}

function firstFreeBridge(db: World["db"]): string {
  const taken = bridgesOf(db)
  for (let number = 0; ; number++) if (!taken.has(`xapi${number}`)) return `xapi${number}`
}

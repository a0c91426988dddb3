import { recordOf } from "../../model/schema.ts"
import { text } from "../../model/types.ts"
import { XapiError } from "../../xapi-error.ts"
import { method } from "../method.ts"

export const diskMethods = [
  method("VDI.create", {
    params: { record: recordOf("VDI") },
    result: text,
    async run({ record }, { db, disks }) {
      db.get("SR", record.SR)
      if (record.virtual_size < 0) throw new XapiError("VDI_TOO_SMALL", String(record.virtual_size), "1")
      const vdi = db.add("VDI", record)
      const { uuid } = db.get("VDI", vdi)
      await disks.create(uuid, record.virtual_size)
      db.set("VDI", vdi, { location: uuid })
      return vdi
    },
  }),
  method("VDI.destroy", {
    params: { self: text },
    async run({ self }, { db, disks }) {
      const { uuid, VBDs } = db.get("VDI", self)
      if (VBDs.some((vbd) => db.get("VBD", vbd).currently_attached)) throw new XapiError("VDI_IN_USE", self, "destroy")
      for (const vbd of VBDs) db.remove("VBD", vbd)
      db.remove("VDI", self)
      await disks.remove(uuid)
    },
  }),
  method("VBD.create", {
    params: { record: recordOf("VBD") },
    result: text,
    run({ record }, { db }) {
      const { VBDs } = db.get("VM", record.VM)
      if (!record.empty) db.get("VDI", record.VDI)
      const taken = new Set(VBDs.map((vbd) => db.get("VBD", vbd).userdevice))
      const userdevice = record.userdevice === "autodetect" ? firstFree(taken) : record.userdevice
      if (!/^\d{1,3}$/.test(userdevice)) throw new XapiError("INVALID_DEVICE", userdevice)
      if (taken.has(userdevice)) throw new XapiError("DEVICE_ALREADY_EXISTS", userdevice)
      return db.add("VBD", { ...record, userdevice })
    },
  }),
  method("VBD.destroy", {
    params: { self: text },
    run({ self }, { db }) {
      const { currently_attached, VM } = db.get("VBD", self)
      if (currently_attached) throw new XapiError("OPERATION_NOT_ALLOWED", `VBD '${self}' still attached to '${VM}'`)
      db.remove("VBD", self)
    },
  }),
]

function firstFree(taken: ReadonlySet<string>): string {
  for (let number = 0; ; number++) if (!taken.has(String(number))) return String(number)
}

import { text, time } from "../../model/types.ts"
import { wireTime } from "../../wire-time.ts"
import { method } from "../method.ts"

export const hostMethods = [
  method("host.get_servertime", {
    params: { host: text },
    result: time,
    run({ host }, { db }) {
      db.get("host", host)
      return wireTime()
    },
  }),
  method("host.disable", {
    params: { self: text },
    run: ({ self }, { db }) => db.set("host", self, { enabled: false }),
  }),
  method("host.enable", {
    params: { self: text },
    run: ({ self }, { db }) => db.set("host", self, { enabled: true }),
  }),
]

import { text } from "../../model/types.ts"
import { method } from "../method.ts"

export const hostMethods = [
  method("host.disable", {
    params: { self: text },
    run: ({ self }, { db }) => db.set("host", self, { enabled: false }),
  }),
  method("host.enable", {
    params: { self: text },
    run: ({ self }, { db }) => db.set("host", self, { enabled: true }),
  }),
]

import { float, oneOf, text } from "../../model/types.ts"
import { method } from "../method.ts"

export const taskMethods = [
  method("task.create", {
    params: { label: text, description: text },
    result: text,
    run: ({ label, description }, { tasks }) => tasks.create(label, description),
  }),
  method("task.destroy", {
    params: { self: text },
    run: ({ self }, { db }) => db.remove("task", self),
  }),
  method("task.cancel", {
    params: { self: text },
    run: ({ self }, { tasks }) => tasks.cancel(self),
  }),
  method("task.set_status", {
    params: { self: text, value: oneOf("pending", "success", "failure", "cancelling", "cancelled") },
    run: ({ self, value }, { db }) => db.set("task", self, { status: value }),
  }),
  method("task.set_progress", {
    params: { self: text, value: float },
    run: ({ self, value }, { db }) => db.set("task", self, { progress: value }),
  }),
]

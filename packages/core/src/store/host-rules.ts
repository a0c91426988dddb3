import { Slash64Error, quote } from "../errors.ts"

/** Another configuration for a host that something stands on. */
export function hostInUse(name: string, user: string): Slash64Error {
  return new Slash64Error("FAILED_PRECONDITION", `host ${quote(name)}: ${user} is on it, so its configuration stays`, {
    field: "host",
    value: quote(name),
    hint: "remove what is on the host first, or add it under another name",
  })
}

import { Slash64Error, quote } from "../errors.ts"
import type { Router } from "../network/records.ts"

/** The host is to be forgotten while something stands on it. */
export function hostStillNeeded(name: string, user: string): Slash64Error {
  return new Slash64Error("FAILED_PRECONDITION", `host ${quote(name)}: ${user} is on it, so it is not removed`, {
    field: "host",
    value: quote(name),
    hint: "Detach the NICs and move or remove the routers that are on it, and remove the networks that were on it, first.",
  })
}

/** The template is to be forgotten while a router is of it. */
export function templateInUse(digest: string, router: Router): Slash64Error {
  const problem = `template ${quote(digest)}: router ${quote(router.id)} of network ${quote(router.networkId)} is of it`
  return new Slash64Error("FAILED_PRECONDITION", problem, {
    field: "digest",
    value: quote(digest),
    hint: "Upgrade or remove that router first.",
  })
}

/** Another configuration for a host that something stands on. */
export function hostInUse(name: string, user: string): Slash64Error {
  return new Slash64Error("FAILED_PRECONDITION", `host ${quote(name)}: ${user} is on it, so its configuration stays`, {
    field: "host",
    value: quote(name),
    hint: "remove what is on the host first, or add it under another name",
  })
}

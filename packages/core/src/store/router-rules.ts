import type { MacAddress } from "../address/mac-address.ts"
import { Slash64Error, quote } from "../errors.ts"
import type { Router } from "../network/records.ts"

/** What creating a stored router again gives. Its template counts as stored: a newer one is an upgrade, not this. */
export function sameRouter(stored: Router, asked: Router): Router {
  const fields = ["networkId", "host", "guestMac", "controlMac", "controlAddress", "serverDuid", "hostKey"] as const
  const changed = fields.find((field) => stored[field] !== asked[field])
  if (changed !== undefined)
    throw taken(
      changed,
      asked[changed],
      `router ${stored.id} is there with ${quote(stored[changed])}`,
      "remove the router first, or use another router id",
    )
  if (stored.state === "leaving") throw routerIsLeaving(stored.id)
  return stored
}

export function secondRouter(networkId: string, otherRouter: string): Slash64Error {
  const hint = `use router ${otherRouter}, or remove it first`
  return taken("networkId", networkId, `router ${otherRouter} serves it`, hint)
}

/** `owner`: the NIC or router that has the MAC. */
export function routerMacTaken(field: "guestMac" | "controlMac", mac: MacAddress, owner: string): Slash64Error {
  return taken(field, mac, `${owner} has it`, "choose another MAC")
}

/** The router as it becomes; the same object when it is so already. `undefined`: there is none. */
export function movedRouter(id: string, stored: Router | undefined, state: "running" | "leaving"): Router {
  if (stored === undefined) throw routerError("NOT_FOUND", id, "there is no such router", "start it first")
  if (stored.state === state) return stored
  if (stored.state === "leaving") throw routerIsLeaving(id)
  return { ...stored, state }
}

function routerIsLeaving(id: string): Slash64Error {
  return routerError("FAILED_PRECONDITION", id, "is being removed", "remove it again to the end, then start it")
}

function routerError(
  code: "NOT_FOUND" | "FAILED_PRECONDITION",
  id: string,
  problem: string,
  hint: string,
): Slash64Error {
  return new Slash64Error(code, `routerId ${quote(id)}: ${problem}`, { field: "routerId", value: quote(id), hint })
}

function taken(field: string, asked: string | undefined, problem: string, hint: string): Slash64Error {
  const value = quote(asked)
  return new Slash64Error("ALREADY_EXISTS", `${field} ${value}: ${problem}`, { field, value, hint })
}

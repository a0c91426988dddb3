import type { MacAddress } from "../address/mac-address.ts"
import { Slash64Error, quote } from "../errors.ts"
import type { NicClaim } from "../network/nic-claim.ts"
import type { Nic } from "../network/records.ts"

/** What a claim with the id of a stored NIC gives: that NIC. What was not asked for may be anything. */
export function sameNic(stored: Nic, claim: NicClaim): Nic {
  const asked: readonly (readonly [field: string, asked: string | undefined, stored: string | undefined])[] = [
    ["networkId", claim.networkId, stored.networkId],
    ["vmId", claim.vmId, stored.vmId],
    ["host", claim.host, stored.host],
    ["mac", claim.mac, stored.mac],
    ["requestedIpv6", claim.requestedIpv6, stored.ipv6],
    ["requestedIpv4", claim.requestedIpv4, stored.ipv4],
  ]
  for (const [field, value, other] of asked)
    if (value !== undefined && value !== other)
      throw taken(
        field,
        value,
        `NIC ${stored.id} is there with ${quote(other)}`,
        "detach the NIC first, or use another NIC id",
      )
  if (stored.state === "leaving") throw nicIsLeaving(stored.id)
  return stored
}

export function hostnameTaken(hostname: string, otherNic: string): Slash64Error {
  return taken("hostname", hostname, `NIC ${otherNic} of this network has it`, "choose another host name, or none")
}

/** `owner`: the NIC or router that has the MAC. */
export function nicMacTaken(mac: MacAddress, owner: string): Slash64Error {
  return taken("mac", mac, `${owner} has it`, "choose another MAC, or none")
}

/** The NIC as it becomes; the same object when it is so already. `undefined`: there is none. */
export function movedNic(id: string, stored: Nic | undefined, state: "attached" | "leaving"): Nic {
  if (stored === undefined)
    throw nicError("NOT_FOUND", id, "there is no such NIC", "attach it first, or list those that are there")
  if (stored.state === state) return stored
  if (stored.state === "leaving") throw nicIsLeaving(id)
  return { ...stored, state }
}

/** The NIC that is to be its VM's default, as it is. */
export function defaultNic(id: string, stored: Nic | undefined): Nic {
  if (stored === undefined)
    throw nicError("NOT_FOUND", id, "there is no such NIC", "list those that are there: slash64 nic list")
  if (stored.state === "leaving") throw nicIsLeaving(id)
  return stored
}

/** Only a NIC that is leaving may be forgotten. */
export function checkLeaving(nic: Nic): void {
  if (nic.state === "leaving") return
  const hint = "detach it: its addresses may be in use"
  throw nicError("FAILED_PRECONDITION", nic.id, `is ${nic.state}, not leaving`, hint)
}

function nicIsLeaving(id: string): Slash64Error {
  return nicError("FAILED_PRECONDITION", id, "is being detached", "detach it again to the end, then attach it")
}

function nicError(code: "NOT_FOUND" | "FAILED_PRECONDITION", id: string, problem: string, hint: string): Slash64Error {
  return new Slash64Error(code, `nicId ${quote(id)}: ${problem}`, { field: "nicId", value: quote(id), hint })
}

function taken(field: string, asked: string, problem: string, hint: string): Slash64Error {
  const value = quote(asked)
  return new Slash64Error("ALREADY_EXISTS", `${field} ${value}: ${problem}`, { field, value, hint })
}

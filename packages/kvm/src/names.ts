import { createHash } from "node:crypto"
import { parseId, stableUuid } from "@slash64/core"

/**
 * The names that our objects have on a host. They follow from the id alone, so that they are the same on every
 * host and a VM can migrate; who owns an object is told by our mark on it, never by its name.
 */
export interface NetworkNames {
  /** The libvirt network and, where we make one, the bridge: 14 characters. */
  readonly network: string
  /** The VLAN device: 15 characters, the most that Linux takes (IFNAMSIZ). */
  readonly vlanDevice: string
}

export function networkNames(networkId: string): NetworkNames {
  const short = shortHash(parseId("network.id", networkId), 10)
  return { network: `s64-${short}`, vlanDevice: `s64v-${short}` }
}

export function routerName(routerId: string): string {
  return `slash64-router-${shortHash(parseId("router.id", routerId), 12)}`
}

/** A UUID that follows from what it names, so that two processes define the same object and not two. */
export function uuidOf(kind: "network" | "router" | "storage", id: string): string {
  return stableUuid("5ac3d0f3-7bd0-4c5c-9ab5-64f1e3a0d964", `${kind} ${id}`)
}

const base32 = "abcdefghijklmnopqrstuvwxyz234567"

/** The first `length` characters, at most 12, of the lower-case base32 of a SHA-256. */
export function shortHash(text: string, length: number): string {
  let bits = createHash("sha256").update(text).digest().readBigUInt64BE(0)
  let name = ""
  for (let index = 0; index < length; index++) {
    name += base32.charAt(Number(bits >> 59n))
    bits = BigInt.asUintN(64, bits << 5n)
  }
  return name
}

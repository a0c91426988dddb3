import { createHash } from "node:crypto"
import { invalid } from "@slash64/core"

const base32 = "abcdefghijklmnopqrstuvwxyz234567"

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
  const short = shortHash(checkId("network.id", networkId), 10)
  return { network: `s64-${short}`, vlanDevice: `s64v-${short}` }
}

export function routerName(routerId: string): string {
  return `slash64-router-${shortHash(checkId("router.id", routerId), 12)}`
}

/** A UUID that follows from what it names (RFC 9562 section 5.8), so that two processes define the same object. */
export function uuidOf(kind: string, id: string): string {
  const bytes = createHash("sha256").update(`slash64 ${kind}\0${id}`).digest().subarray(0, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  const hex = bytes.toString("hex")
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-")
}

/** The first `length` characters, at most 12, of the lower-case base32 of a SHA-256. */
export function shortHash(text: string, length: number): string {
  const bytes = createHash("sha256").update(text).digest()
  let bits = bytes.readBigUInt64BE(0)
  let name = ""
  for (let index = 0; index < 12; index++) {
    name += base32.charAt(Number(bits >> 59n))
    bits = BigInt.asUintN(64, bits << 5n)
  }
  return name.slice(0, length)
}

/** An id as callers may give it: 1 to 128 printable ASCII characters without spaces. */
export function checkId(field: string, id: string): string {
  if (!/^[\x21-\x7e]{1,128}$/.test(id)) {
    throw invalid(field, id, "not an id", "Give 1 to 128 printable ASCII characters without spaces.")
  }
  return id
}

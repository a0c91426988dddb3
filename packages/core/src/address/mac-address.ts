import { hash } from "node:crypto"
import { invalid } from "../errors.ts"
import { branded } from "./brand.ts"

declare const brand: unique symbol

/** Six octets in lower case with colons: `02:00:5e:10:00:01`. The same address when `===` says so. */
export type MacAddress = string & { readonly [brand]: "MacAddress" }

/** Six groups of one or two hex digits, parted by colons or by dashes. Throws INVALID_ARGUMENT. */
export function parseMacAddress(field: string, input: unknown): MacAddress {
  if (typeof input === "string" && /^[\da-f]{2}(?::[\da-f]{2}){5}$/.test(input)) return branded(input)
  const spelled = typeof input === "string" && /^[\da-f]{1,2}([:-])(?:[\da-f]{1,2}\1){4}[\da-f]{1,2}$/i.test(input)
  if (!spelled) throw invalid(field, input, "is not a MAC address", "write six pairs of hex digits: 02:00:5e:10:00:01")
  return macFromBytes(input.split(/[:-]/).map((octet) => Number.parseInt(octet, 16)))
}

/** A MAC address that a NIC can bear: unicast and not zero. Throws INVALID_ARGUMENT. */
export function parseNicMac(field: string, input: unknown): MacAddress {
  const mac = parseMacAddress(field, input)
  const hint = "use a unicast address: the second hex digit is even, as in 02:00:5e:10:00:01"
  if (mac === "ff:ff:ff:ff:ff:ff") throw invalid(field, input, "is the broadcast address", hint)
  if (!isUnicastMac(mac)) throw invalid(field, input, "is a multicast address, which no NIC can bear", hint)
  if (mac === "00:00:00:00:00:00") throw invalid(field, input, "is all zero, which means no address", hint)
  return mac
}

export function isUnicastMac(mac: MacAddress): boolean {
  return (macToBytes(mac)[0] ?? 1) % 2 === 0
}

/**
 * The locally administered unicast address (02) of a NIC that was given none: the same NIC id gives the same
 * address. 40 bits of a hash can meet; `attempt` gives the next one.
 */
export function macForNic(nicId: string, attempt = 0): MacAddress {
  const hex = hash("sha256", `slash64 mac\0${nicId}\0${attempt}`)
  return branded(`02:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4, 6)}:${hex.slice(6, 8)}:${hex.slice(8, 10)}`)
}

export function macToBytes(mac: MacAddress): Uint8Array {
  return Uint8Array.from(mac.split(":"), (octet) => Number.parseInt(octet, 16))
}

/** Six octets; another number of them is a RangeError. */
export function macFromBytes(bytes: ArrayLike<number>): MacAddress {
  if (bytes.length !== 6) throw new RangeError(`${bytes.length} octets are no MAC address`)
  return branded(Array.from(bytes, (octet) => octet.toString(16).padStart(2, "0")).join(":"))
}

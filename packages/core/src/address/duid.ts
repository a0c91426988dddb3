import { invalid } from "../errors.ts"
import { branded } from "./brand.ts"
import type { MacAddress } from "./mac-address.ts"

declare const brand: unique symbol

/** A DHCP unique identifier, opaque bytes as lower-case hex pairs with colons. */
export type Duid = string & { readonly [brand]: "Duid" }

/** DUID-LL: type 3, hardware type 1 (Ethernet), the MAC (RFC 9915 and RFC 8415, section 11.4). */
export function duidLl(mac: MacAddress): Duid {
  return branded(`00:03:00:01:${mac}`)
}

/**
 * Any DUID as an opaque value (RFC 8415 section 11.1: a type of 2 octets and 1 to 128 more), as hex pairs with
 * colons, with dashes or with nothing between. Throws INVALID_ARGUMENT.
 */
export function parseDuid(field: string, input: unknown): Duid {
  const spelled = typeof input === "string" && /^[\da-f]{2}(?:([:-]?)[\da-f]{2}(?:\1[\da-f]{2})*)$/i.test(input)
  const hint = "write 3 to 130 pairs of hex digits: 00:03:00:01:02:00:5e:10:00:01"
  if (!spelled) throw invalid(field, input, "is not a DUID", hint)
  const octets = input.toLowerCase().replaceAll(/[:-]/g, "").match(/../g) ?? []
  if (octets.length < 3 || octets.length > 130) throw invalid(field, input, `has ${octets.length} octets`, hint)
  return branded(octets.join(":"))
}

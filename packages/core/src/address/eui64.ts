import { ipv6FromBigInt } from "./ipv6-address.ts"
import type { Ipv6Address } from "./ipv6-address.ts"
import { macToBytes } from "./mac-address.ts"
import type { MacAddress } from "./mac-address.ts"
import { addressInPrefix64 } from "./prefix64.ts"
import type { Prefix64 } from "./prefix64.ts"

const linkLocal = 0xfe80n << 112n

/** The address that SLAAC forms from a MAC (RFC 4291 appendix A). */
export function eui64Address(prefix: Prefix64, mac: MacAddress): Ipv6Address {
  return addressInPrefix64(prefix, interfaceId(mac))
}

/** The link-local address that EUI-64 forms from a MAC: fe80::/64 and the modified EUI-64. */
export function linkLocalAddress(mac: MacAddress): Ipv6Address {
  return ipv6FromBigInt(linkLocal | interfaceId(mac))
}

function interfaceId(mac: MacAddress): bigint {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = macToBytes(mac)
  const octets = [a ^ 0x02, b, c, 0xff, 0xfe, d, e, f]
  return octets.reduce((value, octet) => (value << 8n) | BigInt(octet), 0n)
}

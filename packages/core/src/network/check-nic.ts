import { parseId, parseUuid } from "../address/id.ts"
import { isInIpv4Prefix } from "../address/ipv4.ts"
import { parseNicMac } from "../address/mac-address.ts"
import { isInPrefix64 } from "../address/prefix64.ts"
import { invalid } from "../errors.ts"
import { parseHostname } from "./names.ts"
import type { Ipv4Side, Ipv6Side, Nic, SharedNetwork } from "./records.ts"
import { reservedIpv4, reservedIpv6 } from "./reserved.ts"

/**
 * Refuses a NIC that cannot be on this network: for records that come from outside the store. Ranges and exclusions
 * say what is given, not what is held, so an address may lie out of them. Pure. Throws INVALID_ARGUMENT.
 */
export function checkNic(nic: Nic, { ipv6, ipv4 }: SharedNetwork): void {
  parseId("id", nic.id)
  parseId("host", nic.host)
  checkSpelling("vmId", nic.vmId, parseUuid("vmId", nic.vmId))
  parseNicMac("mac", nic.mac)
  checkSpelling("hostname", nic.hostname, parseHostname("hostname", nic.hostname))
  checkFamily("ipv6", nic.ipv6, ipv6)
  checkFamily("ipv4", nic.ipv4, ipv4)
  if (nic.ipv6 !== undefined && ipv6 !== undefined) {
    const inside = isInPrefix64(ipv6.prefix, nic.ipv6)
    checkAddress("ipv6", nic.ipv6, ipv6, inside ? reservedIpv6(ipv6.prefix, nic.ipv6) : `not in ${ipv6.prefix}`)
  }
  if (nic.ipv4 !== undefined && ipv4 !== undefined) {
    const inside = isInIpv4Prefix(ipv4.prefix, nic.ipv4)
    checkAddress("ipv4", nic.ipv4, ipv4, inside ? reservedIpv4(ipv4.prefix, nic.ipv4) : `not in ${ipv4.prefix}`)
  }
}

/** Two spellings of one value would be two values to a unique index. */
function checkSpelling(field: string, given: string, right: string): void {
  if (given !== right) throw invalid(field, given, "is not in its canonical form", `write ${right}`)
}

function checkFamily(field: "ipv6" | "ipv4", address: string | undefined, side: object | undefined): void {
  if ((address === undefined) === (side === undefined)) return
  const problem = side === undefined ? "its network has none" : "is missing, and its network has one"
  throw invalid(field, address ?? "none", problem, "a NIC has an address of each family of its network")
}

function checkAddress(field: string, address: string, side: Ipv6Side | Ipv4Side, reserved: string | undefined): void {
  const others =
    address === side.gateway ? "the network's gateway" : address === side.router ? "the router VM's" : reserved
  if (others !== undefined) throw invalid(field, address, `is ${others}`, "a NIC has an address of its own")
}

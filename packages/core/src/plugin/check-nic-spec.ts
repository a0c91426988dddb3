import { isIPv4 } from "node:net"
import { parseId, parseUuid } from "../address/id.ts"
import { parseIpv4Address } from "../address/ipv4.ts"
import { parseIpv6Address } from "../address/ipv6-address.ts"
import { parseNicMac } from "../address/mac-address.ts"
import { Slash64Error, invalid } from "../errors.ts"
import { checkRequires } from "./check-network-spec.ts"
import type { HostCapabilities, NicSpec } from "./hypervisor-plugin.ts"

/**
 * The door of `attachNic`, before an adapter touches anything: INVALID_ARGUMENT with the field, UNIMPLEMENTED for
 * every entry of `requires`, FAILED_PRECONDITION for port security on a host that has none.
 */
export function checkNicSpec(nic: NicSpec, { portSecurity }: Pick<HostCapabilities, "portSecurity">): void {
  parseId("nic.id", nic.id)
  parseId("nic.networkId", nic.networkId)
  checkRequires("nic.requires", nic.requires)
  if (parseUuid("nic.vmId", nic.vmId) !== nic.vmId)
    throw invalid("nic.vmId", nic.vmId, "is not in lower case", `write it as ${nic.vmId.toLowerCase()}`)
  checkMac("nic.mac", nic.mac)
  for (const address of nic.addresses) {
    if (isIPv4(address)) parseIpv4Address("nic.addresses", address)
    else parseIpv6Address("nic.addresses", address)
  }
  if (!nic.portSecurity || portSecurity) return
  throw new Slash64Error("FAILED_PRECONDITION", "this host has no port security", {
    field: "nic.portSecurity",
    value: "true",
    hint: "Create the network without port security; see `host check` for what the host can do.",
  })
}

/** A NIC's MAC as it crosses the contract: unicast, in lower case, with colons. Throws INVALID_ARGUMENT. */
export function checkMac(field: string, mac: string): void {
  const canonical = parseNicMac(field, mac)
  if (canonical !== mac) throw invalid(field, mac, "is not in lower case with colons", `write it as ${canonical}`)
}

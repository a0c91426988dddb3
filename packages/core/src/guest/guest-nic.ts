import { duidLl } from "../address/duid.ts"
import type { Duid } from "../address/duid.ts"
import { parseId } from "../address/id.ts"
import { parseNicMac } from "../address/mac-address.ts"
import type { MacAddress } from "../address/mac-address.ts"
import { invalid } from "../errors.ts"
import { parseInterfaceName } from "../network/names.ts"
import type { Nic, SharedNetwork } from "../network/records.ts"

/** A NIC as the guest is told of it: no value that could end a line or a quoted word in any client's syntax. */
export interface GuestNic {
  readonly id: string
  readonly networkId: string
  readonly mac: MacAddress
  readonly duid: Duid
  /** The guest's own name of the NIC. */
  readonly device: string
  readonly isDefault: boolean
  readonly ipv6: boolean
  readonly ipv4: boolean
}

export interface GuestNicRequest {
  readonly nic: Pick<Nic, "id" | "mac" | "isDefault">
  readonly network: Pick<SharedNetwork, "id" | "ipv6" | "ipv4">
  /** Absent: `eth0`. */
  readonly device?: string | undefined
}

export function parseGuestNic({ nic, network, device = "eth0" }: GuestNicRequest): GuestNic {
  const mac = parseNicMac("nic.mac", nic.mac)
  return {
    id: parseId("nic.id", nic.id),
    networkId: parseId("network.id", network.id),
    mac,
    duid: duidLl(mac),
    device: parseDevice(device),
    isDefault: nic.isDefault,
    ipv6: network.ipv6 !== undefined,
    ipv4: network.ipv4 !== undefined,
  }
}

/** `all` and `default` are every NIC to sysctl, and a dash at the start is an option to a program. */
function parseDevice(input: string): string {
  const device = parseInterfaceName("device", input)
  if (/^[a-z0-9_]/i.test(device) && !["all", "default", "lo"].includes(device)) return device
  throw invalid("device", input, "is no name of a NIC", "use the guest's own name of it, such as eth0 or enp1s0")
}

/** The MAC without its colons, for a file's name. */
export function macName(mac: MacAddress): string {
  return mac.replaceAll(":", "")
}

/** The first line of every file. */
export function headline({ id, networkId, isDefault }: GuestNic): string {
  return `slash64: NIC ${id} on network ${networkId}, ${isDefault ? "the VM's default" : "not the VM's default"}`
}

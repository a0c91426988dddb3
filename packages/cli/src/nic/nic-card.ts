import type { Nic } from "@slash64/core"
import { card } from "../output/table.ts"

/** A NIC's record for a person. */
export function nicCard(nic: Nic): string {
  return card({
    nic: nic.id,
    network: nic.networkId,
    vm: `${nic.vmId} on ${nic.host}`,
    mac: nic.mac,
    duid: nic.duid,
    ipv6: nic.ipv6,
    ipv4: nic.ipv4,
    hostname: nic.hostname,
    default: nic.isDefault,
    state: nic.state,
  })
}

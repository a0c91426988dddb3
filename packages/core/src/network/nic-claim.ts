/** What attach-nic asks the store for, as parsed from the caller. */
import type { Ipv4Address } from "../address/ipv4.ts"
import type { Ipv6Address } from "../address/ipv6-address.ts"
import type { MacAddress } from "../address/mac-address.ts"

export interface NicClaim {
  readonly id: string
  readonly networkId: string
  readonly host: string
  readonly vmId: string
  /** Absent: made from the NIC's id, locally administered (02). */
  readonly mac?: MacAddress
  /** Absent: chosen by the network's policy. */
  readonly requestedIpv6?: Ipv6Address
  readonly requestedIpv4?: Ipv4Address
  readonly hostname: string
  /** Absent: the VM's default NIC when it has none yet. The store decides, for it sees the VM's other NICs. */
  readonly isDefault?: boolean
}

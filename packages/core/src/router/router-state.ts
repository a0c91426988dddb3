import type { Duid } from "../address/duid.ts"
import type { Ipv4Address } from "../address/ipv4.ts"
import type { Ipv6Address } from "../address/ipv6-address.ts"
import type { MacAddress } from "../address/mac-address.ts"
import type { Ipv4Side, Ipv6Side, Nic, Router } from "../network/records.ts"
import type { NetworkSnapshot } from "../store/store.ts"

/** All that a router VM serves: plain data, from which every file on it is rendered. Same state, same bytes. */
export interface RouterState {
  readonly routerId: string
  readonly networkId: string
  /** The store's revision that this state was read at; the router refuses an older one. */
  readonly revision: number
  readonly guestMac: MacAddress
  readonly controlMac: MacAddress
  readonly mtu: number
  readonly serverDuid: Duid
  readonly ipv6?: Ipv6Side
  readonly ipv4?: Ipv4Side
  readonly domain?: string
  readonly leaseSeconds: number
  /** It is about to be removed: where it advertises, it says that it is a router no more (RFC 4861 section 6.2.5). */
  readonly withdrawn?: true
  readonly reservations: readonly Reservation[]
}

export interface Reservation {
  readonly nicId: string
  readonly mac: MacAddress
  readonly ipv6?: Ipv6Address
  readonly ipv4?: Ipv4Address
  readonly hostname: string
  readonly isDefault: boolean
}

/** What `router` serves by the records of one moment; the reservations by NIC id. */
export function routerState({ network, nics, revision }: NetworkSnapshot, router: Router): RouterState {
  return {
    routerId: router.id,
    networkId: network.id,
    revision,
    guestMac: router.guestMac,
    controlMac: router.controlMac,
    mtu: network.mtu,
    serverDuid: router.serverDuid,
    ...(network.ipv6 === undefined ? {} : { ipv6: network.ipv6 }),
    ...(network.ipv4 === undefined ? {} : { ipv4: network.ipv4 }),
    ...(network.domain === undefined ? {} : { domain: network.domain }),
    leaseSeconds: network.leaseSeconds,
    reservations: nics.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map(toReservation),
  }
}

function toReservation({ id, mac, ipv6, ipv4, hostname, isDefault }: Nic): Reservation {
  return {
    nicId: id,
    mac,
    ...(ipv6 === undefined ? {} : { ipv6 }),
    ...(ipv4 === undefined ? {} : { ipv4 }),
    hostname,
    isDefault,
  }
}

import type { Ipv4Address } from "../address/ipv4.ts"
import type { Ipv6Address } from "../address/ipv6-address.ts"
import type { HostRecord, Nic, Router, SharedNetwork, TemplateRecord } from "../network/records.ts"

/**
 * All that a store holds, as plain JSON, one thing after the other: hosts by name, templates by digest, networks by id,
 * routers by id, NICs by network and id, resting addresses by network and address. So what a record stands on comes
 * before it, and the same content is the same sequence.
 */
export type StoreRecord = KeptHost | KeptTemplate | KeptNetwork | KeptRouter | KeptNic | RestingAddress

export interface KeptHost {
  readonly record: "host"
  readonly host: HostRecord
}

export interface KeptTemplate {
  readonly record: "template"
  readonly template: TemplateRecord
}

export interface KeptNetwork {
  readonly record: "network"
  readonly network: SharedNetwork
  /** As the routers know it: one that is behind is refused by them. 1 or more. */
  readonly revision: number
  /** Where the policy `sequential` goes on. */
  readonly nextIpv6?: Ipv6Address
  readonly nextIpv4?: Ipv4Address
}

export interface KeptRouter {
  readonly record: "router"
  readonly router: Router
}

/** With the addresses that it holds. */
export interface KeptNic {
  readonly record: "nic"
  readonly nic: Nic
}

/** An address that no NIC has, and that no other than its last one gets before `freeAfter`. */
export interface RestingAddress {
  readonly record: "resting"
  readonly networkId: string
  readonly address: Ipv6Address | Ipv4Address
  readonly nicId: string
  /** Unix seconds. */
  readonly freeAfter: number
}

export interface StoreDescription {
  /** `sqlite`. */
  readonly engine: string
  /** Migrations that it has seen. */
  readonly schema: number
  /** Fingerprint of the secret that its `stable` addresses are made from. */
  readonly secret: string
}

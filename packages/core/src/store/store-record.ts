import type { Ipv4Address } from "../address/ipv4.ts"
import type { Ipv6Address } from "../address/ipv6-address.ts"
import type { Prefix64 } from "../address/prefix64.ts"
import type {
  HostRecord,
  Nic,
  PrefixHolder,
  PrefixPool,
  Router,
  SharedNetwork,
  TemplateRecord,
} from "../network/records.ts"

/**
 * All that a store holds, as plain JSON, one thing after the other: hosts by name, templates by digest, pools by id,
 * networks by id, /64s of pools by pool and prefix, routers by id, NICs by network and id, resting addresses by network
 * and address. So what a record stands on comes before it, and the same content is the same sequence.
 */
export type StoreRecord =
  KeptHost | KeptTemplate | KeptPool | KeptNetwork | KeptPrefix | KeptRouter | KeptNic | RestingAddress

export interface KeptHost {
  readonly record: "host"
  readonly host: HostRecord
}

export interface KeptTemplate {
  readonly record: "template"
  readonly template: TemplateRecord
}

export interface KeptPool {
  readonly record: "pool"
  readonly pool: PrefixPool
  /** Where the policy `sequential` goes on: the 35 bits that follow the /29 of a /64. */
  readonly nextSlot: number
}

/** A /64 of a pool, with who holds it or had it last. */
export interface KeptPrefix {
  readonly record: "prefix"
  readonly poolId: string
  readonly prefix: Prefix64
  readonly holder: PrefixHolder
  /** Unix seconds, until which it rests; absent: it is held. */
  readonly freeAfter?: number
}

export interface KeptNetwork {
  readonly record: "network"
  readonly network: SharedNetwork
  /** As the routers know it: one that is behind is refused by them. 1 or more. */
  readonly revision: number
  /** Where it may be, in the order of their names. Absent, in lines from before: on every host. */
  readonly hosts?: readonly string[]
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

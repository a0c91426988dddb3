import type { Duid } from "../address/duid.ts"
import type { Ipv4Address, Ipv4Prefix } from "../address/ipv4.ts"
import type { Ipv6Address } from "../address/ipv6-address.ts"
import type { Ipv6Prefix } from "../address/ipv6-prefix.ts"
import type { MacAddress } from "../address/mac-address.ts"
import type { Prefix64 } from "../address/prefix64.ts"
import type { NetworkAttachment } from "../plugin/hypervisor-plugin.ts"
import type { AddressRange } from "./address-ranges.ts"

/** One shared network: one IPv6 /64, one IPv4 prefix, or both, on one bridge or VLAN that many users' VMs share. */
export interface SharedNetwork {
  readonly id: string
  /** Unique among networks. */
  readonly name: string
  readonly attachment: NetworkAttachment
  /** Bytes, 1280 to 9216. */
  readonly mtu: number
  readonly ipv6?: Ipv6Side
  readonly ipv4?: Ipv4Side
  /** DNS search domain of the guests. */
  readonly domain?: string
  /** Lifetime of a DHCP lease, 120 to 86,400 s: finite, so a guest that was reinstalled is not locked out for ever. */
  readonly leaseSeconds: number
  /** How long a released address rests before another NIC may have it; its last NIC may have it back at once. 0: not at all. */
  readonly quarantineSeconds: number
  readonly policy: AddressPolicy
  readonly portSecurity: boolean
}

/**
 * How an address is chosen for a NIC that asked for none. `stable`: the same NIC gets the same again, after a lost
 * store too. `eui64`: the one that follows from its MAC, or none; IPv4 has no such thing and is `stable` then.
 * `sequential`: one after the other. `random`: any that is free.
 */
export type AddressPolicy = "stable" | "eui64" | "sequential" | "random"

/**
 * Who sends Router Advertisements: `external`, the rack router, and the router VM never does; or `router`, the
 * router VM, which is then also the gateway (M=1, A=0).
 */
export type RaMode = "external" | "router"

export interface Ipv6Side {
  readonly prefix: Prefix64
  /** Id of the pool that the prefix was taken from. Absent: it is of no pool. */
  readonly pool?: string
  /** The default router's address on the link. In `router` mode it is the router VM's own. */
  readonly gateway: Ipv6Address
  readonly ra: RaMode
  /** The router VM's own address. */
  readonly router: Ipv6Address
  /** What guests may get, less what is reserved or excluded: one or more, in rising order, no two that touch. */
  readonly ranges: readonly AddressRange<Ipv6Address>[]
  /** What no NIC is given that has it not yet; in the same order. */
  readonly exclusions: readonly AddressRange<Ipv6Address>[]
  /** At most two; empty: the router VM itself answers DNS. */
  readonly dns: readonly Ipv6Address[]
}

export interface Ipv4Side {
  readonly prefix: Ipv4Prefix
  /** The guests' default router; it may be the router VM itself. */
  readonly gateway: Ipv4Address
  readonly router: Ipv4Address
  readonly ranges: readonly AddressRange<Ipv4Address>[]
  readonly exclusions: readonly AddressRange<Ipv4Address>[]
  readonly dns: readonly Ipv4Address[]
}

/** A NIC of a user's VM on a shared network, with the addresses that are its own until it is detached. */
export interface Nic {
  /** Given by the caller, so that a repeat after a crash names the same NIC. */
  readonly id: string
  readonly networkId: string
  /** Name of the host that the VM is on. */
  readonly host: string
  readonly vmId: string
  readonly mac: MacAddress
  /** DUID-LL of the MAC. */
  readonly duid: Duid
  readonly ipv6?: Ipv6Address
  readonly ipv4?: Ipv4Address
  /** Name of the guest in DHCP and DNS; a DNS label, unique in its network. */
  readonly hostname: string
  /** The VM takes its default route and DNS here. */
  readonly isDefault: boolean
  readonly state: NicState
}

/**
 * `claimed`: the addresses are its own; `attached`: the host has plugged it, and its port knows of them; `leaving`:
 * being detached. From `attached` back to `claimed` when it is given an address that a port with port security has to
 * let through.
 */
export type NicState = "claimed" | "attached" | "leaving"

/** The router of a network. One a network; its id is given by the caller, and stays when its VM is replaced. */
export interface Router extends RouterVm {
  readonly id: string
  readonly networkId: string
  /** 1 to 16, and 128 to 65536: what each VM of it is given. */
  readonly vcpus: number
  readonly memoryMiB: number
  readonly guestMac: MacAddress
  readonly controlMac: MacAddress
  /** The DUID of its DHCPv6 server: fixed, so that a rebuilt router is the same server to its clients. */
  readonly serverDuid: Duid
  /** Public host key, `ssh-ed25519 AAAA...`: what a connection must show. */
  readonly hostKey: string
  readonly state: "claimed" | "running" | "leaving"
  /** What is to take its VM's place, noted before anything of it is made. */
  readonly replacement?: RouterVm
  /** VMs that were its own and are not known to be gone. */
  readonly former?: readonly FormerVm[]
}

/** A VM that a router is or will be. */
export interface RouterVm {
  /** The id that its host knows it by. A router's first VM has the router's own. */
  readonly vmId: string
  readonly host: string
  readonly templateDigest: string
  readonly templateVersion: string
  /** A static address with its prefix length; absent: the EUI-64 link-local of the router's control MAC. */
  readonly controlAddress?: string
}

/** A VM that a router was. It must not run beside the one that the router is. */
export interface FormerVm {
  readonly vmId: string
  readonly host: string
  /** Its host did not answer when the router left it, and somebody vouched that it does not run. */
  readonly lost?: true
}

/** A prefix that /64s are taken from, for networks and for whoever else asks. */
export interface PrefixPool {
  readonly id: string
  /** Unique among pools. */
  readonly name: string
  /** A /29 to /63 that holds no other network or pool. */
  readonly prefix: Ipv6Prefix
  /** How a /64 is chosen where none is requested. */
  readonly policy: Extract<AddressPolicy, "stable" | "sequential">
  /** How long a released /64 rests before another holder may have it; its last holder may have it back at once. 0: not at all. */
  readonly quarantineSeconds: number
}

/** A /64 of a pool that somebody holds. */
export interface PoolPrefix {
  readonly poolId: string
  readonly prefix: Prefix64
  readonly holder: PrefixHolder
}

/** A network that was made from the pool, or a claim under an id of the caller's own. */
export interface PrefixHolder {
  readonly kind: "network" | "claim"
  readonly id: string
}

/** A hypervisor host that was added. `config` holds references to secrets, never secrets. */
export interface HostRecord {
  readonly name: string
  readonly plugin: string
  readonly config: Readonly<Record<string, unknown>>
}

/** A router template that was registered. */
export interface TemplateRecord {
  readonly digest: string
  readonly version: string
  readonly file: string
  readonly format: "qcow2" | "raw" | "vhd"
  readonly registeredAt: string
}

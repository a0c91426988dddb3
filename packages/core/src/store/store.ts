import type { HostRecord, Nic, Router, SharedNetwork, TemplateRecord } from "../network/records.ts"
import type { Page } from "../network/parse-page.ts"
import type { NetworkChange } from "../network/plan-network-change.ts"
import type { StoreDescription, StoreRecord } from "./store-record.ts"
import type { NicClaim } from "../network/nic-claim.ts"
import type { ConvergeLease, LeaseStore } from "./lease-store.ts"
import type { RouterChange } from "./router-rules.ts"
import type { PoolStore } from "./pool-store.ts"

/**
 * The records of networks, pools, NICs, routers, hosts and templates. Uniqueness is decided here, by unique indexes:
 * network name; NIC id; MAC within all networks; address within a network; router per network. Every write is
 * durable before it resolves. Every method may be repeated.
 */
export interface Store extends PoolStore, LeaseStore {
  /**
   * Same id and same content: the stored record. Same id or name with other content: ALREADY_EXISTS. One with
   * `ipv6.pool` claims its prefix from that pool; without it, a prefix that lies in a pool is ALREADY_EXISTS.
   */
  createNetwork(network: SharedNetwork): Promise<SharedNetwork>
  /** By id or by name. */
  findNetwork(idOrName: string): Promise<SharedNetwork | undefined>
  /** In the order of their names. */
  listNetworks(page?: Page): Promise<readonly SharedNetwork[]>
  /**
   * Changes a network that is in use by {@link planNetworkChange}; the revision rises when that changed it. A family
   * that it had not comes to all its NICs in the same transaction, by the network's policy; with `portSecurity` a NIC
   * that was attached is then claimed again, since its port has to learn of it. Every claim, before or after, has both
   * families. Not enough addresses: RESOURCE_EXHAUSTED with the counts, and nothing changed. A prefix that another
   * network or pool has, or the same family otherwise: ALREADY_EXISTS. Repeated: the same network. NOT_FOUND when it
   * is not there.
   */
  changeNetwork(id: string, change: NetworkChange): Promise<ChangedNetwork>
  /** FAILED_PRECONDITION while a NIC or a router stands on it. A pool has its prefix back. Absent: success. */
  removeNetwork(id: string): Promise<void>
  /**
   * Notes that a network may be on a host: before it is made there, so that whoever removes it knows where to look.
   * Forgotten with the network alone. Repeated: success. NOT_FOUND when the network is not there.
   */
  noteNetworkOnHost(networkId: string, host: string): Promise<void>
  /** The hosts that a network may be on, in the order of their names. Absent: none. */
  listHostsOfNetwork(networkId: string): Promise<readonly string[]>

  /**
   * One transaction makes the NIC with its MAC, DUID and addresses; the network's revision rises.
   * The same id again gives the stored NIC; with another network, VM, host, MAC or requested address: ALREADY_EXISTS;
   * while it is leaving: FAILED_PRECONDITION. A MAC, host name or requested address that another has is
   * ALREADY_EXISTS, one at rest FAILED_PRECONDITION. RESOURCE_EXHAUSTED, with the counts, when no address is left.
   */
  claimNic(claim: NicClaim): Promise<Nic>
  /**
   * Moves a NIC to `attached` or `leaving`; `leaving` raises the revision. NOT_FOUND when it is gone. From `leaving`
   * there is no way back: FAILED_PRECONDITION.
   */
  markNic(id: string, state: "attached" | "leaving"): Promise<Nic>
  /**
   * Makes a NIC the one that its VM takes its default route and DNS from, in the place of the one that was; the
   * revisions of both networks rise. Repeated: nothing changes. NOT_FOUND when it is gone, FAILED_PRECONDITION when it
   * is leaving.
   */
  makeDefaultNic(id: string): Promise<Nic>
  findNic(id: string): Promise<Nic | undefined>
  /** In the order of their ids. */
  listNics(filter?: NicFilter): Promise<readonly Nic[]>
  /**
   * Forgets a NIC that is leaving; its addresses rest for the network's quarantine. In another state:
   * FAILED_PRECONDITION. Absent: success.
   */
  freeNic(id: string): Promise<void>
  /** NOT_FOUND when the network is not there. */
  countAddresses(networkId: string): Promise<NetworkCounts>

  /**
   * Same id again gives the stored router, with the VM that it has; with another network, host, MAC, control
   * address, DUID or host key: ALREADY_EXISTS; while it is leaving: FAILED_PRECONDITION. A second router on the
   * network: ALREADY_EXISTS. Raises the network's revision.
   */
  createRouter(router: Router): Promise<Router>
  /**
   * NOT_FOUND when it is gone. From `leaving` there is no way back: FAILED_PRECONDITION. With a lease that is another's
   * by now: ABORTED, in the same transaction.
   */
  markRouter(id: string, state: "running" | "leaving", lease?: ConvergeLease): Promise<Router>
  /**
   * Changes what a router's VM is, by {@link changedRouter}. Nothing of it is rendered, so the revision stays. Repeated:
   * the same router. NOT_FOUND when it is gone, FAILED_PRECONDITION when it is leaving. With a lease that is
   * another's by now: ABORTED.
   */
  changeRouter(id: string, change: RouterChange, lease?: ConvergeLease): Promise<Router>
  findRouter(networkId: string): Promise<Router | undefined>
  listRouters(): Promise<readonly Router[]>
  /** Absent: success. With a lease that is another's by now: ABORTED, in the same transaction. */
  removeRouter(id: string, lease?: ConvergeLease): Promise<void>

  /**
   * Everything that a router is rendered from, read at one moment, with its revision. A snapshot that shows a change
   * has a higher revision than any that does not; the same revision means the same content, but for the `state` of
   * NICs and what a router's VM is. Several changes between two reads may be one step.
   */
  readNetwork(id: string): Promise<NetworkSnapshot | undefined>

  /** Same name and config: success. Another config replaces it while no record stands on the host, else FAILED_PRECONDITION. */
  putHost(host: HostRecord): Promise<HostRecord>
  findHost(name: string): Promise<HostRecord | undefined>
  listHosts(): Promise<readonly HostRecord[]>
  /** FAILED_PRECONDITION while a router or a NIC stands on it, or a network may be on it. Absent: success. */
  removeHost(name: string): Promise<void>

  /** Same digest again: success, the file's path is brought up to date. */
  putTemplate(template: TemplateRecord): Promise<TemplateRecord>
  listTemplates(): Promise<readonly TemplateRecord[]>
  /** FAILED_PRECONDITION while a router is of it: it is needed to start that one again. Absent: success. */
  removeTemplate(digest: string): Promise<void>

  describe(): Promise<StoreDescription>
  /** All that the store holds, as it is at one moment, while others write; in the order that {@link StoreRecord} says. */
  exportRecords(): AsyncIterable<StoreRecord>
  /**
   * Takes in what another store gave, in one transaction: all of it or nothing. The store holds nothing yet, else
   * FAILED_PRECONDITION. A record that cannot be beside those before it, or whose order is another: INVALID_ARGUMENT
   * or ALREADY_EXISTS. What `records` throws is thrown on. Revisions are as given, so no router refuses what comes next.
   */
  importRecords(records: AsyncIterable<StoreRecord>): Promise<void>

  close(): Promise<void>
}

/** More NICs than this are not named one by one; `heldExcluded` counts them all. */
export const keepingMost = 100

export interface ChangedNetwork {
  readonly network: SharedNetwork
  /** NICs that keep an address which is excluded, by IPv6 and then by IPv4 address: the first {@link keepingMost}. */
  readonly keeping: readonly Nic[]
}

export interface NicFilter extends Page {
  readonly networkId?: string
  readonly vmId?: string
}

/** Of each family that the network has. */
export interface NetworkCounts {
  readonly ipv6?: AddressCounts
  readonly ipv4?: AddressCounts
}

/** Exact, 128 bits wide. */
export interface AddressCounts {
  /** The ranges less what is reserved or excluded. */
  readonly capacity: bigint
  readonly held: bigint
  readonly resting: bigint
  /** What is neither held nor at rest. */
  readonly free: bigint
  /** Held by NICs that had it before it was excluded; not in `capacity` nor `held`. */
  readonly heldExcluded: bigint
}

export interface NetworkSnapshot {
  /** 1 or more. */
  readonly revision: number
  readonly network: SharedNetwork
  /** All but those that are leaving. */
  readonly nics: readonly Nic[]
  readonly router?: Router
}

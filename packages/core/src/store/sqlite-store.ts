import { createSecretKey } from "node:crypto"
import type { KeyObject } from "node:crypto"
import type { Ipv6Prefix } from "../address/ipv6-prefix.ts"
import { invalid } from "../errors.ts"
import { parseNetworkPage, parseNicPage } from "../network/parse-page.ts"
import type { Page } from "../network/parse-page.ts"
import type { NetworkChange } from "../network/plan-network-change.ts"
import type { NicClaim } from "../network/nic-claim.ts"
import type { PrefixClaim } from "../network/plan-pool.ts"
import type { PooledNetworkPlan } from "../network/plan-pooled-network.ts"
import type {
  HostRecord,
  Nic,
  PoolPrefix,
  PrefixPool,
  Router,
  SharedNetwork,
  TemplateRecord,
} from "../network/records.ts"
import type { PrefixCounts, PrefixPage } from "./pool-store.ts"
import { readNetworkRow } from "./record-codec.ts"
import { changeNetwork } from "./sqlite-change-network.ts"
import { countAddresses } from "./sqlite-addresses.ts"
import { migrations } from "./migrations.ts"
import { secretFingerprint } from "./secret-fingerprint.ts"
import { exportRecords } from "./sqlite-export.ts"
import { importRecords } from "./sqlite-import.ts"
import type { StoreDescription, StoreRecord } from "./store-record.ts"
import { SqliteConnection } from "./sqlite-connection.ts"
import type { ConvergeLease, LeaseAnswer, Served } from "./lease-store.ts"
import * as hosts from "./sqlite-hosts.ts"
import * as leases from "./sqlite-leases.ts"
import * as networkHosts from "./sqlite-network-hosts.ts"
import * as networks from "./sqlite-networks.ts"
import { findNic, listNics } from "./sqlite-nic-rows.ts"
import * as nics from "./sqlite-nics.ts"
import * as pooled from "./sqlite-pooled-networks.ts"
import * as pools from "./sqlite-pools.ts"
import * as prefixes from "./sqlite-prefixes.ts"
import type { RouterChange } from "./router-rules.ts"
import * as routers from "./sqlite-routers.ts"
import { checkSecret } from "./sqlite-secret.ts"
import type { ChangedNetwork, NetworkCounts, NetworkSnapshot, NicFilter, Store } from "./store.ts"

export interface SqliteStoreOptions {
  /** Path of the database; made with mode 0600, its directories too, unless it is there. `:memory:` for none. */
  readonly file: string
  /** What `stable` addresses are made with, 16 bytes or more, kept outside the database: see `openSecretFile`. */
  readonly secret: Uint8Array
  /** The secret's file, for an error to name. */
  readonly secretFile?: string
  /** Milliseconds since 1970; another clock for tests. */
  readonly now?: () => number
}

/**
 * The store on one SQLite file: WAL, synchronous=FULL, several processes at once. UNAVAILABLE while another process
 * holds it for 30 s; RESOURCE_EXHAUSTED when the disk is full; PERMISSION_DENIED where it is read-only; DATA_LOSS
 * when it is corrupt; FAILED_PRECONDITION when a newer slash64 or another program wrote it, or with another secret.
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  if (options.secret.length < 16)
    throw invalid("secret", `${options.secret.length} bytes`, "is shorter than 16 bytes", "use openSecretFile")
  const db = await SqliteConnection.open(options.file)
  try {
    await checkSecret(db, options.file, options)
  } catch (error) {
    db.close()
    throw error
  }
  return new SqliteStore(db, options)
}

class SqliteStore implements Store {
  readonly #db: SqliteConnection
  readonly #file: string
  readonly #secret: KeyObject
  readonly #fingerprint: string
  readonly #now: () => number

  constructor(db: SqliteConnection, options: SqliteStoreOptions) {
    this.#db = db
    this.#file = options.file
    this.#fingerprint = secretFingerprint(options.secret)
    this.#secret = createSecretKey(options.secret)
    this.#now = options.now ?? Date.now
  }

  createNetwork(network: SharedNetwork): Promise<SharedNetwork> {
    return this.#db.write(() => pooled.createNetwork(this.#db, network, this.#ground()))
  }

  findNetwork(idOrName: string): Promise<SharedNetwork | undefined> {
    return this.#db.read(() => networks.findNetwork(this.#db, idOrName))
  }

  listNetworks(page: Page = {}): Promise<readonly SharedNetwork[]> {
    return this.#db.read(() => networks.listNetworks(this.#db, parseNetworkPage(page)))
  }

  changeNetwork(id: string, change: NetworkChange): Promise<ChangedNetwork> {
    return this.#db.write(() => changeNetwork(this.#db, id, change, this.#ground()))
  }

  removeNetwork(id: string): Promise<void> {
    return this.#db.write(() => pooled.removeNetwork(this.#db, id, this.#seconds()))
  }

  createPool(pool: PrefixPool): Promise<PrefixPool> {
    return this.#db.write(() => pools.createPool(this.#db, pool))
  }

  findPool(idOrName: string): Promise<PrefixPool | undefined> {
    return this.#db.read(() => pools.findPool(this.#db, idOrName))
  }

  listPools(): Promise<readonly PrefixPool[]> {
    return this.#db.read(() => pools.listPools(this.#db))
  }

  resizePool(id: string, prefix: Ipv6Prefix): Promise<PrefixPool> {
    return this.#db.write(() => pools.resizePool(this.#db, id, prefix))
  }

  removePool(id: string): Promise<void> {
    return this.#db.write(() => pools.removePool(this.#db, id))
  }

  claimPrefix({ poolId, holder, prefix }: PrefixClaim): Promise<PoolPrefix> {
    const fields = { pool: "poolId", prefix: "prefix" }
    const taker = { holder: { kind: "claim", id: holder }, fields, ...this.#ground() } as const
    return this.#db.write(() => prefixes.takePrefix(this.#db, poolId, taker, prefix))
  }

  releasePrefix(poolId: string, holder: string): Promise<void> {
    const released = { kind: "claim", id: holder } as const
    return this.#db.write(() => prefixes.releasePrefix(this.#db, poolId, released, this.#seconds()))
  }

  listPrefixes(poolId: string, page: PrefixPage = {}): Promise<readonly PoolPrefix[]> {
    return this.#db.read(() => prefixes.listPrefixes(this.#db, poolId, page))
  }

  countPrefixes(poolId: string): Promise<PrefixCounts> {
    return this.#db.read(() => {
      return prefixes.countPrefixes(this.#db, pools.needPool(this.#db, poolId), this.#seconds())
    })
  }

  createPooledNetwork(plan: PooledNetworkPlan): Promise<SharedNetwork> {
    return this.#db.write(() => pooled.createPooledNetwork(this.#db, plan, this.#ground()))
  }

  noteNetworkOnHost(networkId: string, host: string): Promise<void> {
    return this.#db.write(() => networkHosts.noteNetworkOnHost(this.#db, networkId, host))
  }

  listHostsOfNetwork(networkId: string): Promise<readonly string[]> {
    return this.#db.read(() => networkHosts.listHostsOfNetwork(this.#db, networkId))
  }

  countAddresses(networkId: string): Promise<NetworkCounts> {
    return this.#db.read(() => {
      const row = networks.needNetworkRow(this.#db, networkId)
      const { ipv6, ipv4 } = nics.poolsOf(readNetworkRow(row), row)
      return {
        ...(ipv6 && { ipv6: countAddresses(this.#db, ipv6, this.#seconds()) }),
        ...(ipv4 && { ipv4: countAddresses(this.#db, ipv4, this.#seconds()) }),
      }
    })
  }

  claimNic(claim: NicClaim): Promise<Nic> {
    return this.#db.write(() => nics.claimNic(this.#db, claim, this.#secret, this.#seconds()))
  }

  markNic(id: string, state: "attached" | "leaving"): Promise<Nic> {
    return this.#db.write(() => nics.markNic(this.#db, id, state))
  }

  makeDefaultNic(id: string): Promise<Nic> {
    return this.#db.write(() => nics.makeDefaultNic(this.#db, id))
  }

  findNic(id: string): Promise<Nic | undefined> {
    return this.#db.read(() => findNic(this.#db, id))
  }

  listNics(filter: NicFilter = {}): Promise<readonly Nic[]> {
    return this.#db.read(() => listNics(this.#db, { ...filter, ...parseNicPage(filter) }))
  }

  freeNic(id: string): Promise<void> {
    return this.#db.write(() => nics.freeNic(this.#db, id, this.#seconds()))
  }

  createRouter(router: Router): Promise<Router> {
    return this.#db.write(() => routers.createRouter(this.#db, router))
  }

  markRouter(id: string, state: "running" | "leaving", lease?: ConvergeLease): Promise<Router> {
    return this.#db.write(() => routers.markRouter(this.#db, id, state, lease))
  }

  changeRouter(id: string, change: RouterChange, lease?: ConvergeLease): Promise<Router> {
    return this.#db.write(() => routers.changeRouter(this.#db, id, change, lease))
  }

  findRouter(networkId: string): Promise<Router | undefined> {
    return this.#db.read(() => routers.findRouter(this.#db, networkId))
  }

  listRouters(): Promise<readonly Router[]> {
    return this.#db.read(() => routers.listRouters(this.#db))
  }

  removeRouter(id: string, lease?: ConvergeLease): Promise<void> {
    return this.#db.write(() => routers.removeRouter(this.#db, id, lease))
  }

  takeConvergeLease(networkId: string, holder: string, forMs: number): Promise<LeaseAnswer> {
    return this.#db.write(() => leases.takeLease(this.#db, networkId, holder, { now: this.#now(), forMs }))
  }

  renewConvergeLease(lease: ConvergeLease, forMs: number): Promise<void> {
    return this.#db.write(() => leases.renewLease(this.#db, lease, { now: this.#now(), forMs }))
  }

  giveBackConvergeLease(lease: ConvergeLease, served?: Served): Promise<void> {
    return this.#db.write(() => leases.giveBackLease(this.#db, lease, served))
  }

  readNetwork(id: string): Promise<NetworkSnapshot | undefined> {
    return this.#db.read(() => networks.readNetwork(this.#db, id))
  }

  putHost(host: HostRecord): Promise<HostRecord> {
    return this.#db.write(() => hosts.putHost(this.#db, host))
  }

  findHost(name: string): Promise<HostRecord | undefined> {
    return this.#db.read(() => hosts.findHost(this.#db, name))
  }

  listHosts(): Promise<readonly HostRecord[]> {
    return this.#db.read(() => hosts.listHosts(this.#db))
  }

  removeHost(name: string): Promise<void> {
    return this.#db.write(() => hosts.removeHost(this.#db, name))
  }

  putTemplate(template: TemplateRecord): Promise<TemplateRecord> {
    return this.#db.write(() => hosts.putTemplate(this.#db, template))
  }

  listTemplates(): Promise<readonly TemplateRecord[]> {
    return this.#db.read(() => hosts.listTemplates(this.#db))
  }

  removeTemplate(digest: string): Promise<void> {
    return this.#db.write(() => hosts.removeTemplate(this.#db, digest))
  }

  async describe(): Promise<StoreDescription> {
    return { engine: "sqlite", schema: migrations.length, secret: this.#fingerprint }
  }

  exportRecords(): AsyncIterable<StoreRecord> {
    return exportRecords(this.#db, this.#file)
  }

  importRecords(records: AsyncIterable<StoreRecord>): Promise<void> {
    return importRecords(this.#db, this.#file, records)
  }

  async close(): Promise<void> {
    this.#db.close()
  }

  #ground(): pooled.ClaimGround {
    return { secret: this.#secret, now: this.#seconds() }
  }

  #seconds(): number {
    return Math.floor(this.#now() / 1000)
  }
}

import { createSecretKey } from "node:crypto"
import type { KeyObject } from "node:crypto"
import { addressPools, invalid, parseNetworkPage, parseNicPage, secretFingerprint } from "@slash64/core"
import type {
  ChangedNetwork,
  ConvergeLease,
  HostRecord,
  Ipv6Prefix,
  LeaseAnswer,
  NetworkChange,
  NetworkCounts,
  NetworkSnapshot,
  Nic,
  NicClaim,
  NicFilter,
  Page,
  PoolPrefix,
  PooledNetworkPlan,
  PrefixClaim,
  PrefixCounts,
  PrefixPage,
  PrefixPool,
  Router,
  RouterChange,
  Served,
  SharedNetwork,
  Store,
  StoreDescription,
  StoreRecord,
  TemplateRecord,
} from "@slash64/core"
import { noSuchPool, readNetworkRow } from "@slash64/core/store-rules"
import { ClaimQueue } from "./claim-queue.ts"
import { countAddresses } from "./addresses.ts"
import { changeNetwork } from "./change-network.ts"
import { claimAtOnce, readKnownNetwork } from "./claim-at-once.ts"
import type { KnownNetwork } from "./claim-at-once.ts"
import { claimInSteps } from "./claim-in-steps.ts"
import { parsePostgresUrl, targetOf } from "./connection-options.ts"
import type { PostgresConnection as ConnectionOptions } from "./connection-options.ts"
import { exportRecords } from "./export-records.ts"
import * as hosts from "./hosts.ts"
import { importRecords } from "./import-records.ts"
import * as leases from "./leases.ts"
import { migrations } from "./migrations.ts"
import * as networkHosts from "./network-hosts.ts"
import * as networks from "./networks.ts"
import * as nics from "./nics.ts"
import * as pooled from "./pooled-networks.ts"
import * as pools from "./pools.ts"
import { PostgresConnection } from "./postgres-connection.ts"
import * as prefixes from "./prefixes.ts"
import * as routers from "./routers.ts"
import { prepareSchema } from "./schema.ts"
import { checkSecret } from "./secret.ts"
import { readNetwork } from "./snapshot.ts"

export type PostgresStoreOptions = Where & {
  /** What `stable` addresses are made with, 16 bytes or more, the same on every server: see core's `openSecretFile`. */
  readonly secret: Uint8Array
  /** The secret's file, for an error to name. */
  readonly secretFile?: string
  /** Milliseconds since 1970; another clock for tests. */
  readonly now?: () => number
  /** Connections at most; default 8. */
  readonly poolSize?: number
  /** How long a server that is away, and others that are in the way, are waited for; default 30,000 ms. */
  readonly patienceMs?: number
}

type Where =
  | { readonly url: string; readonly connection?: never }
  | { readonly connection: ConnectionOptions; readonly url?: never }

/**
 * The store on a PostgreSQL database (15 or later), for several servers at once; makes its tables in one that is
 * empty. UNAVAILABLE when the server does not answer, UNAUTHENTICATED when it refuses the user, FAILED_PRECONDITION
 * when a newer slash64 or another program made the tables, with another secret, or where the server does not keep what
 * it has acknowledged. A write that was sent and not answered is repeated, and found done; one that was never answered
 * is UNAVAILABLE with `outcome: "unknown"`.
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const { secret, poolSize = 8, patienceMs = 30_000 } = options
  if (secret.length < 16)
    throw invalid("secret", `${secret.length} bytes`, "is shorter than 16 bytes", "use openSecretFile")
  if (!Number.isInteger(poolSize) || poolSize < 1)
    throw invalid("poolSize", poolSize, "is no number of connections", "use 1 or more")
  const target = options.url === undefined ? targetOf(options.connection) : parsePostgresUrl(options.url)
  const db = new PostgresConnection(target, poolSize, patienceMs)
  try {
    await db.check()
    await prepareSchema(db)
    await checkSecret(db, options)
  } catch (error) {
    await db.close()
    throw error
  }
  return new PostgresStore(db, options)
}

const knownMost = 1000

class PostgresStore implements Store {
  readonly #db: PostgresConnection
  readonly #secret: KeyObject
  readonly #fingerprint: string
  readonly #now: () => number
  /** As they were last seen; each claim asks whether that is so still. */
  readonly #networks = new Map<string, KnownNetwork>()
  readonly #claims = new ClaimQueue((networkId, claims) => this.#claimTogether(networkId, claims))

  constructor(db: PostgresConnection, { secret, now = Date.now }: PostgresStoreOptions) {
    this.#db = db
    this.#secret = createSecretKey(secret)
    this.#fingerprint = secretFingerprint(secret)
    this.#now = now
  }

  createNetwork(network: SharedNetwork): Promise<SharedNetwork> {
    return this.#db.write((sql) => pooled.createNetwork(sql, network, this.#ground()))
  }

  findNetwork(idOrName: string): Promise<SharedNetwork | undefined> {
    return this.#db.query((sql) => networks.findNetwork(sql, idOrName))
  }

  async listNetworks(page: Page = {}): Promise<readonly SharedNetwork[]> {
    const checked = parseNetworkPage(page)
    return this.#db.query((sql) => networks.listNetworks(sql, checked))
  }

  changeNetwork(id: string, change: NetworkChange): Promise<ChangedNetwork> {
    return this.#db.write((sql) => changeNetwork(sql, id, change, this.#ground()))
  }

  removeNetwork(id: string): Promise<void> {
    return this.#db.write((sql) => pooled.removeNetwork(sql, id, this.#seconds()))
  }

  createPool(pool: PrefixPool): Promise<PrefixPool> {
    return this.#db.write((sql) => pools.createPool(sql, pool))
  }

  findPool(idOrName: string): Promise<PrefixPool | undefined> {
    return this.#db.query((sql) => pools.findPool(sql, idOrName))
  }

  listPools(): Promise<readonly PrefixPool[]> {
    return this.#db.query(pools.listPools)
  }

  resizePool(id: string, prefix: Ipv6Prefix): Promise<PrefixPool> {
    return this.#db.write((sql) => pools.resizePool(sql, id, prefix))
  }

  removePool(id: string): Promise<void> {
    return this.#db.write((sql) => pools.removePool(sql, id))
  }

  claimPrefix({ poolId, holder, prefix }: PrefixClaim): Promise<PoolPrefix> {
    const taker = { holder: { kind: "claim", id: holder }, field: "prefix", ...this.#ground() } as const
    return this.#db.write(async (sql) => {
      const row = await pools.lockPool(sql, poolId)
      if (row === undefined) throw noSuchPool("poolId", poolId)
      return prefixes.takePrefix(sql, row, taker, prefix)
    })
  }

  releasePrefix(poolId: string, holder: string): Promise<void> {
    const released = { kind: "claim", id: holder } as const
    return this.#db.write((sql) => prefixes.releasePrefix(sql, poolId, released, this.#seconds()))
  }

  listPrefixes(poolId: string, page: PrefixPage = {}): Promise<readonly PoolPrefix[]> {
    return this.#db.read((sql) => prefixes.listPrefixes(sql, poolId, page))
  }

  countPrefixes(poolId: string): Promise<PrefixCounts> {
    return this.#db.read(async (sql) => prefixes.countPrefixes(sql, await pools.needPool(sql, poolId), this.#seconds()))
  }

  createPooledNetwork(plan: PooledNetworkPlan): Promise<SharedNetwork> {
    return this.#db.write((sql) => pooled.createPooledNetwork(sql, plan, this.#ground()))
  }

  noteNetworkOnHost(networkId: string, host: string): Promise<void> {
    return this.#db.write((sql) => networkHosts.noteNetworkOnHost(sql, networkId, host))
  }

  listHostsOfNetwork(networkId: string): Promise<readonly string[]> {
    return this.#db.query((sql) => networkHosts.listHostsOfNetwork(sql, networkId))
  }

  countAddresses(networkId: string): Promise<NetworkCounts> {
    return this.#db.read(async (sql) => {
      const row = networks.needNetwork(await networks.findNetworkRow(sql, networkId), networkId)
      const { ipv6, ipv4 } = addressPools(readNetworkRow(row), {})
      return {
        ...(ipv6 && { ipv6: await countAddresses(sql, ipv6, this.#seconds()) }),
        ...(ipv4 && { ipv4: await countAddresses(sql, ipv4, this.#seconds()) }),
      }
    })
  }

  async claimNic(claim: NicClaim): Promise<Nic> {
    return (
      (await this.#claims.claim(claim)) ??
      this.#db.write((sql) => claimInSteps(sql, claim, this.#secret, this.#seconds()))
    )
  }

  markNic(id: string, state: "attached" | "leaving"): Promise<Nic> {
    return this.#db.alone((sql) => nics.markNic(sql, id, state))
  }

  makeDefaultNic(id: string): Promise<Nic> {
    return this.#db.write((sql) => nics.makeDefaultNic(sql, id))
  }

  findNic(id: string): Promise<Nic | undefined> {
    return this.#db.query((sql) => nics.findNic(sql, id))
  }

  async listNics(filter: NicFilter = {}): Promise<readonly Nic[]> {
    const checked = { ...filter, ...parseNicPage(filter) }
    return this.#db.query((sql) => nics.listNics(sql, checked))
  }

  freeNic(id: string): Promise<void> {
    return this.#db.write((sql) => nics.freeNic(sql, id, this.#seconds()))
  }

  createRouter(router: Router): Promise<Router> {
    return this.#db.write((sql) => routers.createRouter(sql, router))
  }

  markRouter(id: string, state: "running" | "leaving", lease?: ConvergeLease): Promise<Router> {
    return this.#db.write((sql) => routers.markRouter(sql, id, state, lease))
  }

  changeRouter(id: string, change: RouterChange, lease?: ConvergeLease): Promise<Router> {
    return this.#db.write((sql) => routers.changeRouter(sql, id, change, lease))
  }

  findRouter(networkId: string): Promise<Router | undefined> {
    return this.#db.query((sql) => routers.findRouter(sql, networkId))
  }

  listRouters(): Promise<readonly Router[]> {
    return this.#db.query(routers.listRouters)
  }

  removeRouter(id: string, lease?: ConvergeLease): Promise<void> {
    return this.#db.write((sql) => routers.removeRouter(sql, id, lease))
  }

  takeConvergeLease(networkId: string, holder: string, forMs: number): Promise<LeaseAnswer> {
    return this.#db.write((sql) => leases.takeLease(sql, networkId, holder, forMs))
  }

  renewConvergeLease(lease: ConvergeLease, forMs: number): Promise<void> {
    return this.#db.write((sql) => leases.renewLease(sql, lease, forMs))
  }

  giveBackConvergeLease(lease: ConvergeLease, served?: Served): Promise<void> {
    return this.#db.alone((sql) => leases.giveBackLease(sql, lease, served))
  }

  readNetwork(id: string): Promise<NetworkSnapshot | undefined> {
    return this.#db.query((sql) => readNetwork(sql, id))
  }

  putHost(host: HostRecord): Promise<HostRecord> {
    return this.#db.write((sql) => hosts.putHost(sql, host))
  }

  findHost(name: string): Promise<HostRecord | undefined> {
    return this.#db.query((sql) => hosts.findHost(sql, name))
  }

  listHosts(): Promise<readonly HostRecord[]> {
    return this.#db.query(hosts.listHosts)
  }

  removeHost(name: string): Promise<void> {
    return this.#db.write((sql) => hosts.removeHost(sql, name))
  }

  putTemplate(template: TemplateRecord): Promise<TemplateRecord> {
    return this.#db.alone((sql) => hosts.putTemplate(sql, template))
  }

  listTemplates(): Promise<readonly TemplateRecord[]> {
    return this.#db.query(hosts.listTemplates)
  }

  removeTemplate(digest: string): Promise<void> {
    return this.#db.write((sql) => hosts.removeTemplate(sql, digest))
  }

  async describe(): Promise<StoreDescription> {
    return { engine: "postgresql", schema: migrations.length, secret: this.#fingerprint }
  }

  exportRecords(): AsyncIterable<StoreRecord> {
    return exportRecords(this.#db)
  }

  importRecords(records: AsyncIterable<StoreRecord>): Promise<void> {
    return importRecords(this.#db, records)
  }

  close(): Promise<void> {
    return this.#db.close()
  }

  async #claimTogether(networkId: string, claims: readonly NicClaim[]): Promise<readonly (Nic | undefined)[]> {
    const known = this.#networks.get(networkId) ?? (await this.#db.query((sql) => readKnownNetwork(sql, networkId)))
    const made = await this.#db.alone((sql) => claimAtOnce(sql, claims, known, this.#secret))
    // Not all were made: the network may have changed, and the next claim reads it again.
    if (made.includes(undefined)) this.#networks.delete(networkId)
    else this.#networks.set(networkId, known)
    if (this.#networks.size > knownMost) this.#networks.clear()
    return made
  }

  #ground(): pooled.ClaimGround {
    return { secret: this.#secret, now: this.#seconds() }
  }

  #seconds(): number {
    return Math.floor(this.#now() / 1000)
  }
}

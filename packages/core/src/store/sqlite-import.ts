import { ipv4ToBigInt } from "../address/ipv4.ts"
import { ipv6ToBigInt } from "../address/ipv6-address.ts"
import type { Nic } from "../network/records.ts"
import { RecordRules, importedTables, storeNotEmpty } from "./record-rules.ts"
import { addressBlob, numberOf } from "./row.ts"
import { addressKey } from "./row-records.ts"
import { SqliteConnection } from "./sqlite-connection.ts"
import { translateConstraint } from "./sqlite-constraints.ts"
import { listHosts, putHost, putTemplate } from "./sqlite-hosts.ts"
import { noteNetworkOnHost } from "./sqlite-network-hosts.ts"
import { createNetwork } from "./sqlite-networks.ts"
import { macBlob, vmBlob } from "./sqlite-nic-rows.ts"
import { checkHostname } from "./sqlite-nics.ts"
import { createPool } from "./sqlite-pools.ts"
import { keepPrefix } from "./sqlite-prefixes.ts"
import { createRouter } from "./sqlite-routers.ts"
import type { KeptNetwork, StoreRecord } from "./store-record.ts"

/** In one transaction on a connection of its own; what goes into a database in memory is gathered first. */
export async function importRecords(
  db: SqliteConnection,
  file: string,
  records: AsyncIterable<StoreRecord>,
): Promise<void> {
  if (file === ":memory:") {
    const all: StoreRecord[] = []
    for await (const record of records) all.push(record)
    const write = new RecordWriter(db)
    return db.write(() => {
      checkEmpty(db)
      for (const record of all) write.put(record)
      write.end()
    })
  }
  const own = await SqliteConnection.open(file)
  try {
    await own.writeLong(async () => {
      checkEmpty(own)
      const write = new RecordWriter(own)
      for await (const record of records) write.put(record)
      write.end()
    })
  } finally {
    own.close()
  }
}

function checkEmpty(db: SqliteConnection): void {
  for (const table of importedTables) {
    const n = numberOf(db.get(`SELECT count(*) AS n FROM ${table}`) ?? {}, "n")
    if (n > 0) throw storeNotEmpty(`${n} ${table}`)
  }
}

/** Each `put` runs within one transaction of `db`. */
class RecordWriter {
  readonly #db: SqliteConnection
  readonly #rules = new RecordRules()
  /** NICs so far. */
  #nics = 0
  readonly #revisions = new Map<string, number>()

  constructor(db: SqliteConnection) {
    this.#db = db
  }

  put(record: StoreRecord): void {
    this.#rules.check(record)
    try {
      this.#insert(record)
    } catch (error) {
      throw translateConstraint(error, record)
    }
  }

  end(): void {
    this.#rules.end()
  }

  #insert(record: StoreRecord): void {
    switch (record.record) {
      case "host":
        putHost(this.#db, record.host)
        return
      case "template":
        putTemplate(this.#db, record.template)
        return
      case "pool":
        createPool(this.#db, record.pool)
        this.#db.run("UPDATE pools SET cursor = ? WHERE id = ?", record.nextSlot, record.pool.id)
        return
      case "network":
        return this.#insertNetwork(record)
      case "prefix":
        return keepPrefix(this.#db, record)
      case "router":
        createRouter(this.#db, record.router)
        // The revision that it raised is the one from before the router was there.
        return this.#setRevision(record.router.networkId)
      case "nic":
        return this.#insertNic(record.nic)
      case "resting":
        return this.#keepAddress(record.networkId, addressKey(record.address), null, record.freeAfter, record.nicId)
    }
  }

  #insertNetwork({ network, revision, hosts, nextIpv6, nextIpv4 }: KeptNetwork): void {
    createNetwork(this.#db, network)
    const known = hosts ?? listHosts(this.#db).map(({ name }) => name)
    for (const host of known) noteNetworkOnHost(this.#db, network.id, host)
    this.#revisions.set(network.id, revision)
    this.#setRevision(network.id)
    this.#db.run(
      "UPDATE networks SET cursor6 = ?, cursor4 = ? WHERE id = ?",
      nextIpv6 === undefined ? null : addressBlob(ipv6ToBigInt(nextIpv6)),
      nextIpv4 === undefined ? null : addressBlob(ipv4ToBigInt(nextIpv4)),
      network.id,
    )
  }

  #setRevision(networkId: string): void {
    const revision = this.#revisions.get(networkId) ?? 1
    this.#db.run("UPDATE networks SET revision = ? WHERE id = ?", revision, networkId)
  }

  #insertNic({ id, networkId, host, vmId, mac, ipv6, ipv4, hostname, isDefault, state }: Nic): void {
    checkHostname(this.#db, { networkId, hostname })
    const keys = [ipv6, ipv4].map((address) => (address === undefined ? null : addressKey(address)))
    this.#nics += 1
    this.#db.run(
      `INSERT INTO nics (number, id, network_id, host, vm_id, mac, ipv6, ipv4, hostname, is_default, state)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      this.#nics,
      id,
      networkId,
      host,
      vmBlob(vmId),
      macBlob(mac),
      ...keys,
      hostname,
      isDefault ? 1 : 0,
      state,
    )
    for (const key of keys) if (key !== null) this.#keepAddress(networkId, key, this.#nics, null, null)
  }

  #keepAddress(networkId: string, key: Uint8Array, ...holder: readonly (string | number | null)[]): void {
    this.#db.run(
      `INSERT INTO addresses (network, address, nic, free_after, last_nic_id)
       VALUES ((SELECT number FROM networks WHERE id = ?), ?, ?, ?, ?)`,
      networkId,
      key,
      ...holder,
    )
  }
}

import { ipv4ToBigInt, ipv6ToBigInt } from "@slash64/core"
import type { KeptPrefix, Nic, StoreRecord } from "@slash64/core"
import {
  RecordRules,
  addressBlob,
  addressKey,
  importedTables,
  numberOf,
  recordTaken,
  slotOfPool,
  storeNotEmpty,
} from "@slash64/core/store-rules"
import { listHosts, putHost, putTemplate } from "./hosts.ts"
import { noteNetworkOnHost } from "./network-hosts.ts"
import { createNetwork } from "./networks.ts"
import type { PostgresConnection, Sql } from "./postgres-connection.ts"
import { constraintOf } from "./postgres-errors.ts"
import { createPool, needPool } from "./pools.ts"
import { createRouter } from "./routers.ts"
import { lockSchema } from "./schema.ts"
import { setRevision } from "./snapshot.ts"

/** What a unique index is about. */
const fields: Readonly<Record<string, string>> = {
  nics_pkey: "nic.id",
  macs_pkey: "nic.mac",
  nics_network_id_hostname_key: "nic.hostname",
  nics_vm_id_vm_place_key: "nic.isDefault",
  addresses_pkey: "address",
  pool_prefixes_pkey: "prefix",
  pool_prefixes_one_each: "holder.id",
}

/** One transaction, which is not repeated: the records are given once. */
export async function importRecords(db: PostgresConnection, records: AsyncIterable<StoreRecord>): Promise<void> {
  const held = await db.hold("BEGIN ISOLATION LEVEL READ COMMITTED")
  try {
    await lockSchema(held.sql)
    await checkEmpty(held.sql)
    const rules = new RecordRules()
    const revisions = new Map<string, number>()
    for await (const record of records) {
      rules.check(record)
      if (record.record === "network") revisions.set(record.network.id, record.revision)
      await insert(held.sql, record).catch((error: unknown) => {
        const constraint = constraintOf(error)
        throw constraint === undefined ? error : recordTaken(record, fields[constraint], error)
      })
    }
    rules.end()
    for (const [id, revision] of revisions) await setRevision(held.sql, id, revision)
    await held.commit()
  } catch (error) {
    throw held.translate(error)
  } finally {
    await held.release()
  }
}

async function checkEmpty(sql: Sql): Promise<void> {
  for (const table of importedTables) {
    const n = numberOf((await sql.get(`SELECT count(*) AS n FROM ${table}`)) ?? {}, "n")
    if (n > 0) throw storeNotEmpty(`${n} ${table}`)
  }
}

async function insert(sql: Sql, record: StoreRecord): Promise<unknown> {
  switch (record.record) {
    case "host":
      return putHost(sql, record.host)
    case "template":
      return putTemplate(sql, record.template)
    case "network": {
      const { network, hosts, nextIpv6, nextIpv4 } = record
      await createNetwork(sql, network)
      const known = hosts ?? (await listHosts(sql)).map(({ name }) => name)
      for (const host of known) await noteNetworkOnHost(sql, network.id, host)
      const next6 = nextIpv6 === undefined ? null : addressBlob(ipv6ToBigInt(nextIpv6))
      const next4 = nextIpv4 === undefined ? null : addressBlob(ipv4ToBigInt(nextIpv4))
      return sql.run("UPDATE networks SET cursor6 = $2, cursor4 = $3 WHERE id = $1", network.id, next6, next4)
    }
    case "pool":
      await createPool(sql, record.pool)
      return sql.run("UPDATE pools SET next_slot = $2 WHERE id = $1", record.pool.id, record.nextSlot)
    case "prefix":
      return insertPrefix(sql, record)
    case "router":
      return createRouter(sql, record.router)
    case "nic":
      return insertNic(sql, record.nic)
    case "resting":
      return sql.run(
        "INSERT INTO addresses (network_id, address, nic_id, free_after) VALUES ($1, $2, $3, $4)",
        record.networkId,
        addressKey(record.address),
        record.nicId,
        record.freeAfter,
      )
  }
}

async function insertPrefix(sql: Sql, { poolId, prefix, holder, freeAfter }: KeptPrefix): Promise<number> {
  const slot = slotOfPool(await needPool(sql, poolId), "prefix", prefix)
  return sql.run(
    "INSERT INTO pool_prefixes (pool_id, slot, holder_kind, holder_id, free_after) VALUES ($1, $2, $3, $4, $5)",
    poolId,
    slot,
    holder.kind,
    holder.id,
    freeAfter ?? null,
  )
}

/** One statement, for there are many. */
async function insertNic(sql: Sql, nic: Nic): Promise<number> {
  return sql.run(
    `WITH mac AS (INSERT INTO macs (mac, owner) VALUES ($6::text, 'NIC ' || $1::text)),
       held AS (
         INSERT INTO addresses (network_id, address, nic_id)
         SELECT $2::text, address, $1::text FROM unnest(ARRAY[$7::bytea, $8::bytea]) AS each (address)
         WHERE address IS NOT NULL
       )
     INSERT INTO nics (id, network_id, host, vm_id, vm_place, mac, ipv6, ipv4, hostname, state)
     VALUES ($1::text, $2::text, $3, $4, $5, $6::text, $7::bytea, $8::bytea, $9, $10)`,
    nic.id,
    nic.networkId,
    nic.host,
    nic.vmId,
    nic.isDefault ? "" : nic.id,
    nic.mac,
    nic.ipv6 === undefined ? null : addressKey(nic.ipv6),
    nic.ipv4 === undefined ? null : addressKey(nic.ipv4),
    nic.hostname,
    nic.state,
  )
}

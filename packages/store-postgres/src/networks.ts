import { randomInt } from "node:crypto"
import { checkAgainst } from "@slash64/core"
import type { Page, SharedNetwork } from "@slash64/core"
import {
  checkEmpty,
  networkKeys,
  noSuchNetwork,
  numberOf,
  readNetworkRow,
  sameNetwork,
  textOf,
} from "@slash64/core/store-rules"
import type { NetworkKeys, Row } from "@slash64/core/store-rules"
import type { Sql } from "./postgres-connection.ts"
import { all } from "./page.ts"
import { lockSchema } from "./schema.ts"
import { snapshotDigest } from "./snapshot.ts"

/** One transaction. No index finds prefixes that overlap, so one network is created at a time. */
export async function createNetwork(sql: Sql, network: SharedNetwork): Promise<SharedNetwork> {
  await lockSchema(sql)
  const row = await sql.get("SELECT body FROM networks WHERE id = $1", network.id)
  if (row !== undefined) return sameNetwork(readNetworkRow(row), network)
  const keys = networkKeys(network)
  checkAgainst(network, await neighbours(sql, network, keys))
  const body = JSON.stringify(network)
  await sql.run(
    `INSERT INTO networks (id, name, segment, prefix6, first4, last4, body, version)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    network.id,
    network.name,
    keys.segment,
    keys.prefix6,
    keys.first4,
    keys.last4,
    body,
    newVersion(),
  )
  await sql.run(
    "INSERT INTO revisions (network_id, revision, digest) VALUES ($1, 1, $2)",
    network.id,
    snapshotDigest({ body, nics: [] }),
  )
  return network
}

export async function findNetwork(sql: Sql, idOrName: string): Promise<SharedNetwork | undefined> {
  const row = await sql.get("SELECT body FROM networks WHERE id = $1 OR name = $1", idOrName)
  return row && readNetworkRow(row)
}

export async function listNetworks(sql: Sql, { after = "", limit = all }: Page): Promise<SharedNetwork[]> {
  const rows = await sql.all("SELECT body FROM networks WHERE name > $1 ORDER BY name LIMIT $2", after, limit)
  return rows.map(readNetworkRow)
}

/** A transaction: the lock waits for every claim on the network that was begun, and a later one finds it gone. */
export async function removeNetwork(sql: Sql, id: string): Promise<void> {
  if ((await lockNetwork(sql, id, "UPDATE")) === undefined) return
  const nics = await sql.get("SELECT count(*) AS n FROM nics WHERE network_id = $1", id)
  const router = await sql.get("SELECT id FROM routers WHERE network_id = $1", id)
  checkEmpty(id, numberOf(nics ?? {}, "n"), router && textOf(router, "id"))
  await sql.run("DELETE FROM addresses WHERE network_id = $1", id)
  await sql.run("DELETE FROM revisions WHERE network_id = $1", id)
  await sql.run("DELETE FROM network_hosts WHERE network_id = $1", id)
  await sql.run("DELETE FROM converge_leases WHERE network_id = $1", id)
  await sql.run("DELETE FROM networks WHERE id = $1", id)
}

/** Not 1: a server may know a network of the same id that was removed since, and would take this one for it. */
function newVersion(): number {
  return randomInt(2 ** 48 - 1)
}

/** Within a transaction, to its end: SHARE keeps the network as it is, UPDATE keeps all others out as well. */
export async function lockNetwork(sql: Sql, id: string, lock: "SHARE" | "UPDATE"): Promise<Row | undefined> {
  return sql.get(`SELECT body, version, cursor6, cursor4 FROM networks WHERE id = $1 FOR ${lock}`, id)
}

export async function findNetworkRow(sql: Sql, id: string): Promise<Row | undefined> {
  return sql.get("SELECT body, version, cursor6, cursor4 FROM networks WHERE id = $1", id)
}

/** NOT_FOUND when it is not there. */
export function needNetwork(row: Row | undefined, id: string): Row {
  if (row === undefined) throw noSuchNetwork(id)
  return row
}

/** The networks that may be in its way. */
export async function neighbours(sql: Sql, network: SharedNetwork, keys: NetworkKeys): Promise<SharedNetwork[]> {
  const rows = await sql.all(
    `SELECT body FROM networks
     WHERE name IN ($1, $2) OR id = $1 OR segment = $3 OR prefix6 = $4 OR (first4 <= $6 AND last4 >= $5)`,
    network.name,
    network.id,
    keys.segment,
    keys.prefix6,
    keys.first4,
    keys.last4,
  )
  return rows.map(readNetworkRow)
}

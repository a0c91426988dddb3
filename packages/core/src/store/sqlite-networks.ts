import { checkAgainst } from "../network/check-against.ts"
import type { Page } from "../network/parse-page.ts"
import type { SharedNetwork } from "../network/records.ts"
import { checkEmpty, networkKeys, noSuchNetwork, sameNetwork } from "./network-rules.ts"
import type { NetworkKeys } from "./network-rules.ts"
import { readNetworkRow, readRouterRow } from "./record-codec.ts"
import { numberOf } from "./row.ts"
import type { Row, SqliteConnection } from "./sqlite-connection.ts"
import { ofNetwork } from "./sqlite-addresses.ts"
import { listNics } from "./sqlite-nic-rows.ts"
import type { NetworkSnapshot } from "./store.ts"

/** Each of these runs within a transaction of `db`. */
export function createNetwork(db: SqliteConnection, network: SharedNetwork): SharedNetwork {
  const stored = findNetworkById(db, network.id)
  if (stored !== undefined) return sameNetwork(stored, network)
  const keys = networkKeys(network)
  checkAgainst(network, neighbours(db, network, keys))
  db.run(
    `INSERT INTO networks (number, id, name, segment, prefix6, first4, last4, body, revision)
     VALUES ((SELECT coalesce(max(number), 0) + 1 FROM networks), ?, ?, ?, ?, ?, ?, ?, 1)`,
    network.id,
    network.name,
    keys.segment,
    keys.prefix6,
    keys.first4,
    keys.last4,
    JSON.stringify(network),
  )
  return network
}

export function findNetwork(db: SqliteConnection, idOrName: string): SharedNetwork | undefined {
  const row = db.get("SELECT body FROM networks WHERE id = ? OR name = ?", idOrName, idOrName)
  return row && readNetworkRow(row)
}

/** NOT_FOUND when it is not there. */
export function needNetworkRow(db: SqliteConnection, id: string): Row {
  const row = db.get("SELECT body, revision, cursor6, cursor4 FROM networks WHERE id = ?", id)
  if (row !== undefined) return row
  throw noSuchNetwork(id)
}

export function listNetworks(db: SqliteConnection, { after = "", limit = -1 }: Page): SharedNetwork[] {
  return db.all("SELECT body FROM networks WHERE name > ? ORDER BY name LIMIT ?", after, limit).map(readNetworkRow)
}

export function removeNetwork(db: SqliteConnection, id: string): void {
  const nics = numberOf(db.get(`SELECT count(DISTINCT nic) AS n FROM addresses WHERE ${ofNetwork}`, id) ?? {}, "n")
  const router = db.get("SELECT body FROM routers WHERE network_id = ?", id)
  checkEmpty(id, nics, router && readRouterRow(router).id)
  db.run("DELETE FROM networks WHERE id = ?", id)
}

/** What a router serves has changed. */
export function raiseRevision(db: SqliteConnection, id: string): void {
  db.run("UPDATE networks SET revision = revision + 1 WHERE id = ?", id)
}

export function readNetwork(db: SqliteConnection, id: string): NetworkSnapshot | undefined {
  const row = db.get("SELECT body, revision FROM networks WHERE id = ?", id)
  if (row === undefined) return undefined
  const router = db.get("SELECT body FROM routers WHERE network_id = ?", id)
  return {
    revision: numberOf(row, "revision"),
    network: readNetworkRow(row),
    nics: listNics(db, { networkId: id }).filter(({ state }) => state !== "leaving"),
    ...(router && { router: readRouterRow(router) }),
  }
}

export function findNetworkById(db: SqliteConnection, id: string): SharedNetwork | undefined {
  const row = db.get("SELECT body FROM networks WHERE id = ?", id)
  return row && readNetworkRow(row)
}

/** The networks that may be in its way. */
export function neighbours(db: SqliteConnection, network: SharedNetwork, keys: NetworkKeys): SharedNetwork[] {
  return db
    .all(
      `SELECT body FROM networks
       WHERE name IN (?, ?) OR id = ? OR segment = ? OR prefix6 = ? OR (first4 <= ? AND last4 >= ?)`,
      network.name,
      network.id,
      network.name,
      keys.segment,
      keys.prefix6,
      keys.last4,
      keys.first4,
    )
    .map(readNetworkRow)
}

import { isDeepStrictEqual } from "node:util"
import { ipv4PrefixBounds } from "../address/ipv4.ts"
import { prefix64ToBigInt } from "../address/prefix64.ts"
import { Slash64Error, quote } from "../errors.ts"
import { checkAgainst, segmentOf } from "../network/check-against.ts"
import type { SharedNetwork } from "../network/records.ts"
import { readNetworkRow, readNicRow, readRouterRow } from "./record-codec.ts"
import { addressBlob, numberOf } from "./row.ts"
import type { Row, SqliteConnection } from "./sqlite-connection.ts"
import type { NetworkSnapshot } from "./store.ts"

/** Each of these runs within a transaction of `db`. */
export function createNetwork(db: SqliteConnection, network: SharedNetwork): SharedNetwork {
  const stored = findNetworkById(db, network.id)
  if (stored !== undefined) return sameNetwork(stored, network)
  const keys = keysOf(network)
  checkAgainst(network, neighbours(db, network, keys))
  db.run(
    `INSERT INTO networks (id, name, segment, prefix6, first4, last4, body, revision) VALUES (?, ?, ?, ?, ?, ?, ?, 1)`,
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
  throw new Slash64Error("NOT_FOUND", `networkId ${quote(id)}: there is no such network`, {
    field: "networkId",
    value: quote(id),
    hint: "create the network first, or list those that are there",
  })
}

export function listNetworks(db: SqliteConnection): SharedNetwork[] {
  return db.all("SELECT body FROM networks ORDER BY name").map(readNetworkRow)
}

export function removeNetwork(db: SqliteConnection, id: string): void {
  const nics = numberOf(db.get("SELECT count(*) AS n FROM nics WHERE network_id = ?", id) ?? {}, "n")
  const router = db.get("SELECT body FROM routers WHERE network_id = ?", id)
  if (nics > 0)
    throw inUse(id, nics === 1 ? "a NIC is on it" : `${nics} NICs are on it`, "detach every NIC of it first")
  if (router !== undefined) throw inUse(id, `router ${readRouterRow(router).id} serves it`, "remove its router first")
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
    nics: db.all("SELECT * FROM nics WHERE network_id = ? AND state <> 'leaving' ORDER BY id", id).map(readNicRow),
    ...(router && { router: readRouterRow(router) }),
  }
}

function findNetworkById(db: SqliteConnection, id: string): SharedNetwork | undefined {
  const row = db.get("SELECT body FROM networks WHERE id = ?", id)
  return row && readNetworkRow(row)
}

function sameNetwork(stored: SharedNetwork, asked: SharedNetwork): SharedNetwork {
  const keys = new Set([...Object.keys(stored), ...Object.keys(asked)])
  const [was, now] = [new Map(Object.entries(stored)), new Map(Object.entries(asked))]
  const changed = [...keys].find((key) => !isDeepStrictEqual(was.get(key), now.get(key)))
  if (changed === undefined) return stored
  throw new Slash64Error(
    "ALREADY_EXISTS",
    `${changed} ${quote(now.get(changed))}: network ${stored.id} is there with ${quote(was.get(changed))}`,
    { field: changed, value: quote(now.get(changed)), hint: "give the same fields again, or another id and name" },
  )
}

interface NetworkKeys {
  readonly segment: string | null
  readonly prefix6: Uint8Array | null
  readonly first4: number | null
  readonly last4: number | null
}

function keysOf(network: SharedNetwork): NetworkKeys {
  const bounds = network.ipv4 && ipv4PrefixBounds(network.ipv4.prefix)
  return {
    segment: segmentOf(network.attachment) ?? null,
    prefix6: network.ipv6 ? addressBlob(prefix64ToBigInt(network.ipv6.prefix)) : null,
    first4: bounds ? Number(bounds.first) : null,
    last4: bounds ? Number(bounds.last) : null,
  }
}

/** The networks that may be in its way. */
function neighbours(db: SqliteConnection, network: SharedNetwork, keys: NetworkKeys): SharedNetwork[] {
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

function inUse(id: string, problem: string, hint: string): Slash64Error {
  return new Slash64Error("FAILED_PRECONDITION", `networkId ${quote(id)}: ${problem}`, {
    field: "networkId",
    value: quote(id),
    hint,
  })
}

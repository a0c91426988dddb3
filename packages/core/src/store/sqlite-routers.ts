import type { MacAddress } from "../address/mac-address.ts"
import { Slash64Error, quote } from "../errors.ts"
import type { Router } from "../network/records.ts"
import { readRouterRow } from "./record-codec.ts"
import type { SqliteConnection } from "./sqlite-connection.ts"
import { needNetworkRow, raiseRevision } from "./sqlite-networks.ts"
import { ownerOfMac } from "./sqlite-nics.ts"

/** Each of these runs within a transaction of `db`. */
export function createRouter(db: SqliteConnection, router: Router): Router {
  const stored = findRouterById(db, router.id)
  if (stored !== undefined) return sameRouter(stored, router)
  needNetworkRow(db, router.networkId)
  const other = findRouter(db, router.networkId)
  if (other !== undefined)
    throw new Slash64Error("ALREADY_EXISTS", `networkId ${quote(router.networkId)}: router ${other.id} serves it`, {
      field: "networkId",
      value: quote(router.networkId),
      hint: `use router ${other.id}, or remove it first`,
    })
  claimMac(db, "guestMac", router.guestMac)
  claimMac(db, "controlMac", router.controlMac)
  db.run(
    "INSERT INTO routers (id, network_id, host, guest_mac, control_mac, body) VALUES (?, ?, ?, ?, ?, ?)",
    router.id,
    router.networkId,
    router.host,
    router.guestMac,
    router.controlMac,
    JSON.stringify(router),
  )
  raiseRevision(db, router.networkId)
  return router
}

export function markRouter(db: SqliteConnection, id: string, state: "running" | "leaving"): Router {
  const router = findRouterById(db, id)
  if (router === undefined) throw routerError("NOT_FOUND", id, "there is no such router", "start it first")
  if (router.state === state) return router
  if (router.state === "leaving") throw isLeaving(id)
  const marked = { ...router, state }
  db.run("UPDATE routers SET body = ? WHERE id = ?", JSON.stringify(marked), id)
  return marked
}

export function findRouter(db: SqliteConnection, networkId: string): Router | undefined {
  const row = db.get("SELECT body FROM routers WHERE network_id = ?", networkId)
  return row && readRouterRow(row)
}

export function listRouters(db: SqliteConnection): Router[] {
  return db.all("SELECT body FROM routers ORDER BY id").map(readRouterRow)
}

export function removeRouter(db: SqliteConnection, id: string): void {
  db.run("DELETE FROM routers WHERE id = ?", id)
}

/** Both of a network's router and of its template the stored one counts: a newer template is an upgrade, not this. */
function sameRouter(stored: Router, asked: Router): Router {
  const fields = ["networkId", "host", "guestMac", "controlMac", "controlAddress", "serverDuid", "hostKey"] as const
  const changed = fields.find((field) => stored[field] !== asked[field])
  if (changed !== undefined)
    throw new Slash64Error(
      "ALREADY_EXISTS",
      `${changed} ${quote(asked[changed])}: router ${stored.id} is there with ${quote(stored[changed])}`,
      {
        field: changed,
        value: quote(asked[changed]),
        hint: "remove the router first, or use another router id",
      },
    )
  if (stored.state === "leaving") throw isLeaving(stored.id)
  return stored
}

function claimMac(db: SqliteConnection, field: string, mac: MacAddress): void {
  const owner = ownerOfMac(db, mac)
  if (owner === undefined) return
  throw new Slash64Error("ALREADY_EXISTS", `${field} ${quote(mac)}: ${owner} has it`, {
    field,
    value: quote(mac),
    hint: "choose another MAC",
  })
}

function findRouterById(db: SqliteConnection, id: string): Router | undefined {
  const row = db.get("SELECT body FROM routers WHERE id = ?", id)
  return row && readRouterRow(row)
}

function isLeaving(id: string): Slash64Error {
  return routerError("FAILED_PRECONDITION", id, "is being removed", "remove it again to the end, then start it")
}

function routerError(
  code: "NOT_FOUND" | "FAILED_PRECONDITION",
  id: string,
  problem: string,
  hint: string,
): Slash64Error {
  return new Slash64Error(code, `routerId ${quote(id)}: ${problem}`, { field: "routerId", value: quote(id), hint })
}

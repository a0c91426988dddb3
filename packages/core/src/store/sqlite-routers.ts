import type { MacAddress } from "../address/mac-address.ts"
import type { Router } from "../network/records.ts"
import type { ConvergeLease } from "./lease-store.ts"
import { readRouterRow } from "./record-codec.ts"
import { changedRouter, movedRouter, routerMacTaken, sameRouter, secondRouter } from "./router-rules.ts"
import type { RouterChange } from "./router-rules.ts"
import type { SqliteConnection } from "./sqlite-connection.ts"
import { needLease } from "./sqlite-leases.ts"
import { needNetworkRow, raiseRevision } from "./sqlite-networks.ts"
import { ownerOfMac } from "./sqlite-nics.ts"

/** Each of these runs within a transaction of `db`. */
export function createRouter(db: SqliteConnection, router: Router): Router {
  const stored = findRouterById(db, router.id)
  if (stored !== undefined) return sameRouter(stored, router)
  needNetworkRow(db, router.networkId)
  const other = findRouter(db, router.networkId)
  if (other !== undefined) throw secondRouter(router.networkId, other.id)
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

export function markRouter(
  db: SqliteConnection,
  id: string,
  state: "running" | "leaving",
  lease?: ConvergeLease,
): Router {
  if (lease !== undefined) needLease(db, lease)
  const stored = findRouterById(db, id)
  const router = movedRouter(id, stored, state)
  if (router !== stored) db.run("UPDATE routers SET body = ? WHERE id = ?", JSON.stringify(router), id)
  return router
}

export function changeRouter(db: SqliteConnection, id: string, change: RouterChange, lease?: ConvergeLease): Router {
  if (lease !== undefined) needLease(db, lease)
  const stored = findRouterById(db, id)
  const router = changedRouter(id, stored, change)
  if (router !== stored)
    db.run("UPDATE routers SET host = ?, body = ? WHERE id = ?", router.host, JSON.stringify(router), id)
  return router
}

export function findRouter(db: SqliteConnection, networkId: string): Router | undefined {
  const row = db.get("SELECT body FROM routers WHERE network_id = ?", networkId)
  return row && readRouterRow(row)
}

export function listRouters(db: SqliteConnection): Router[] {
  return db.all("SELECT body FROM routers ORDER BY id").map(readRouterRow)
}

export function removeRouter(db: SqliteConnection, id: string, lease?: ConvergeLease): void {
  if (lease !== undefined) needLease(db, lease)
  const stored = findRouterById(db, id)
  if (stored === undefined) return
  db.run("DELETE FROM routers WHERE id = ?", id)
  raiseRevision(db, stored.networkId)
}

function claimMac(db: SqliteConnection, field: "guestMac" | "controlMac", mac: MacAddress): void {
  const owner = ownerOfMac(db, mac)
  if (owner !== undefined) throw routerMacTaken(field, mac, owner)
}

function findRouterById(db: SqliteConnection, id: string): Router | undefined {
  const row = db.get("SELECT body FROM routers WHERE id = ?", id)
  return row && readRouterRow(row)
}

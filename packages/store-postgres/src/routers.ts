import type { ConvergeLease, MacAddress, Router, RouterChange } from "@slash64/core"
import {
  changedRouter,
  movedRouter,
  readRouterRow,
  routerMacTaken,
  sameRouter,
  secondRouter,
} from "@slash64/core/store-rules"
import { needLease } from "./leases.ts"
import { ownerOfMac, releaseMacs, takeMac } from "./macs.ts"
import { lockNetwork, needNetwork } from "./networks.ts"
import type { Sql } from "./postgres-connection.ts"

/** A transaction. */
export async function createRouter(sql: Sql, router: Router): Promise<Router> {
  const row = await sql.get("SELECT body FROM routers WHERE id = $1", router.id)
  if (row !== undefined) return sameRouter(readRouterRow(row), router)
  needNetwork(await lockNetwork(sql, router.networkId, "SHARE"), router.networkId)
  const other = await findRouter(sql, router.networkId)
  if (other !== undefined) throw secondRouter(router.networkId, other.id)
  await claimMac(sql, router, "guestMac")
  await claimMac(sql, router, "controlMac")
  await sql.run(
    "INSERT INTO routers (id, network_id, host, body) VALUES ($1, $2, $3, $4)",
    router.id,
    router.networkId,
    router.host,
    JSON.stringify(router),
  )
  return router
}

/** A transaction. */
export async function markRouter(
  sql: Sql,
  id: string,
  state: "running" | "leaving",
  lease?: ConvergeLease,
): Promise<Router> {
  if (lease !== undefined) await needLease(sql, lease)
  const row = await sql.get("SELECT body FROM routers WHERE id = $1 FOR UPDATE", id)
  const stored = row && readRouterRow(row)
  const router = movedRouter(id, stored, state)
  if (router !== stored) await sql.run("UPDATE routers SET body = $2 WHERE id = $1", id, JSON.stringify(router))
  return router
}

/** A transaction. */
export async function changeRouter(sql: Sql, id: string, change: RouterChange, lease?: ConvergeLease): Promise<Router> {
  if (lease !== undefined) await needLease(sql, lease)
  const row = await sql.get("SELECT body FROM routers WHERE id = $1 FOR UPDATE", id)
  const stored = row && readRouterRow(row)
  const router = changedRouter(id, stored, change)
  if (router !== stored)
    await sql.run("UPDATE routers SET host = $2, body = $3 WHERE id = $1", id, router.host, JSON.stringify(router))
  return router
}

export async function findRouter(sql: Sql, networkId: string): Promise<Router | undefined> {
  const row = await sql.get("SELECT body FROM routers WHERE network_id = $1", networkId)
  return row && readRouterRow(row)
}

export async function listRouters(sql: Sql): Promise<Router[]> {
  return (await sql.all("SELECT body FROM routers ORDER BY id")).map(readRouterRow)
}

/** A transaction. */
export async function removeRouter(sql: Sql, id: string, lease?: ConvergeLease): Promise<void> {
  if (lease !== undefined) await needLease(sql, lease)
  const row = await sql.get("SELECT body FROM routers WHERE id = $1 FOR UPDATE", id)
  if (row === undefined) return
  const { guestMac, controlMac } = readRouterRow(row)
  await releaseMacs(sql, `router ${id}`, guestMac, controlMac)
  await sql.run("DELETE FROM routers WHERE id = $1", id)
}

async function claimMac(sql: Sql, router: Router, field: "guestMac" | "controlMac"): Promise<void> {
  const mac: MacAddress = router[field]
  if (!(await takeMac(sql, mac, `router ${router.id}`))) throw routerMacTaken(field, mac, await ownerOfMac(sql, mac))
}

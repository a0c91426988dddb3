import { isDeepStrictEqual } from "node:util"
import type { HostRecord, TemplateRecord } from "../network/records.ts"
import { hostInUse, hostStillNeeded, templateInUse } from "./host-rules.ts"
import { readHostRow, readTemplateRow } from "./record-codec.ts"
import type { SqliteConnection } from "./sqlite-connection.ts"
import { listRouters } from "./sqlite-routers.ts"

/** Each of these runs within a transaction of `db`. */
export function putHost(db: SqliteConnection, host: HostRecord): HostRecord {
  const body = JSON.stringify(host)
  const stored = findHost(db, host.name)
  if (stored !== undefined && !isDeepStrictEqual(stored, JSON.parse(body))) checkUnused(db, host.name)
  db.run("INSERT INTO hosts (name, body) VALUES (?, ?) ON CONFLICT DO UPDATE SET body = excluded.body", host.name, body)
  return host
}

export function findHost(db: SqliteConnection, name: string): HostRecord | undefined {
  const row = db.get("SELECT body FROM hosts WHERE name = ?", name)
  return row && readHostRow(row)
}

export function listHosts(db: SqliteConnection): HostRecord[] {
  return db.all("SELECT body FROM hosts ORDER BY name").map(readHostRow)
}

export function removeHost(db: SqliteConnection, name: string): void {
  const network = db.get("SELECT network_id FROM network_hosts WHERE host = ? LIMIT 1", name)
  const user = userOf(db, name) ?? (network && `network ${String(network["network_id"])}`)
  if (user !== undefined) throw hostStillNeeded(name, user)
  db.run("DELETE FROM hosts WHERE name = ?", name)
}

export function putTemplate(db: SqliteConnection, template: TemplateRecord): TemplateRecord {
  const sql = "INSERT INTO templates (digest, body) VALUES (?, ?) ON CONFLICT DO UPDATE SET body = excluded.body"
  db.run(sql, template.digest, JSON.stringify(template))
  return template
}

export function listTemplates(db: SqliteConnection): TemplateRecord[] {
  return db.all("SELECT body FROM templates ORDER BY digest").map(readTemplateRow)
}

export function removeTemplate(db: SqliteConnection, digest: string): void {
  const router = listRouters(db).find(({ templateDigest }) => templateDigest === digest)
  if (router !== undefined) throw templateInUse(digest, router)
  db.run("DELETE FROM templates WHERE digest = ?", digest)
}

function checkUnused(db: SqliteConnection, name: string): void {
  const user = userOf(db, name)
  if (user !== undefined) throw hostInUse(name, user)
}

/** Who stands on a host. */
function userOf(db: SqliteConnection, name: string): string | undefined {
  const router = db.get("SELECT id FROM routers WHERE host = ? LIMIT 1", name)
  const nic = db.get("SELECT id FROM nics WHERE host = ? LIMIT 1", name)
  return router === undefined ? nic && `NIC ${String(nic["id"])}` : `router ${String(router["id"])}`
}

import { isDeepStrictEqual } from "node:util"
import type { HostRecord, TemplateRecord } from "../network/records.ts"
import { hostInUse } from "./host-rules.ts"
import { readHostRow, readTemplateRow } from "./record-codec.ts"
import type { SqliteConnection } from "./sqlite-connection.ts"

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

export function putTemplate(db: SqliteConnection, template: TemplateRecord): TemplateRecord {
  const sql = "INSERT INTO templates (digest, body) VALUES (?, ?) ON CONFLICT DO UPDATE SET body = excluded.body"
  db.run(sql, template.digest, JSON.stringify(template))
  return template
}

export function listTemplates(db: SqliteConnection): TemplateRecord[] {
  return db.all("SELECT body FROM templates ORDER BY digest").map(readTemplateRow)
}

function checkUnused(db: SqliteConnection, name: string): void {
  const router = db.get("SELECT id FROM routers WHERE host = ? LIMIT 1", name)
  const nic = db.get("SELECT id FROM nics WHERE host = ? LIMIT 1", name)
  const user = router === undefined ? nic && `NIC ${String(nic["id"])}` : `router ${String(router["id"])}`
  if (user !== undefined) throw hostInUse(name, user)
}

import { isDeepStrictEqual } from "node:util"
import type { HostRecord, TemplateRecord } from "@slash64/core"
import { hostInUse, readHostRow, readTemplateRow, textOf } from "@slash64/core/store-rules"
import type { Sql } from "./postgres-connection.ts"

/** Each of these is one transaction, or one statement alone. */
export async function putHost(sql: Sql, host: HostRecord): Promise<HostRecord> {
  const body = JSON.stringify(host)
  const stored = await findHost(sql, host.name)
  if (stored !== undefined && !isDeepStrictEqual(stored, JSON.parse(body))) await checkUnused(sql, host.name)
  await sql.run(
    "INSERT INTO hosts (name, body) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET body = excluded.body",
    host.name,
    body,
  )
  return host
}

export async function findHost(sql: Sql, name: string): Promise<HostRecord | undefined> {
  const row = await sql.get("SELECT body FROM hosts WHERE name = $1", name)
  return row && readHostRow(row)
}

export async function listHosts(sql: Sql): Promise<HostRecord[]> {
  return (await sql.all("SELECT body FROM hosts ORDER BY name")).map(readHostRow)
}

export async function putTemplate(sql: Sql, template: TemplateRecord): Promise<TemplateRecord> {
  await sql.run(
    "INSERT INTO templates (digest, body) VALUES ($1, $2) ON CONFLICT (digest) DO UPDATE SET body = excluded.body",
    template.digest,
    JSON.stringify(template),
  )
  return template
}

export async function listTemplates(sql: Sql): Promise<TemplateRecord[]> {
  return (await sql.all("SELECT body FROM templates ORDER BY digest")).map(readTemplateRow)
}

async function checkUnused(sql: Sql, name: string): Promise<void> {
  const router = await sql.get("SELECT id FROM routers WHERE host = $1 LIMIT 1", name)
  if (router !== undefined) throw hostInUse(name, `router ${textOf(router, "id")}`)
  const nic = await sql.get("SELECT id FROM nics WHERE host = $1 LIMIT 1", name)
  if (nic !== undefined) throw hostInUse(name, `NIC ${textOf(nic, "id")}`)
}

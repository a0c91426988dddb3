import { isDeepStrictEqual } from "node:util"
import type { HostRecord, TemplateRecord } from "@slash64/core"
import {
  hostInUse,
  hostStillNeeded,
  readHostRow,
  readTemplateRow,
  templateInUse,
  textOf,
} from "@slash64/core/store-rules"
import type { Sql } from "./postgres-connection.ts"
import { listRouters } from "./routers.ts"

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

export async function removeHost(sql: Sql, name: string): Promise<void> {
  const user = await userOf(sql, name)
  if (user !== undefined) throw hostStillNeeded(name, user)
  const network = await sql.get("SELECT network_id FROM network_hosts WHERE host = $1 LIMIT 1", name)
  if (network !== undefined) throw hostStillNeeded(name, `network ${textOf(network, "network_id")}`)
  await sql.run("DELETE FROM hosts WHERE name = $1", name)
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

export async function removeTemplate(sql: Sql, digest: string): Promise<void> {
  const router = (await listRouters(sql)).find(({ templateDigest }) => templateDigest === digest)
  if (router !== undefined) throw templateInUse(digest, router)
  await sql.run("DELETE FROM templates WHERE digest = $1", digest)
}

async function checkUnused(sql: Sql, name: string): Promise<void> {
  const user = await userOf(sql, name)
  if (user !== undefined) throw hostInUse(name, user)
}

/** Who stands on a host. */
async function userOf(sql: Sql, name: string): Promise<string | undefined> {
  const router = await sql.get("SELECT id FROM routers WHERE host = $1 LIMIT 1", name)
  if (router !== undefined) return `router ${textOf(router, "id")}`
  const nic = await sql.get("SELECT id FROM nics WHERE host = $1 LIMIT 1", name)
  return nic && `NIC ${textOf(nic, "id")}`
}

import { textOf } from "@slash64/core/store-rules"
import { lockNetwork, needNetwork } from "./networks.ts"
import type { Sql } from "./postgres-connection.ts"

/** One transaction. The lock keeps the network from being removed meanwhile. */
export async function noteNetworkOnHost(sql: Sql, networkId: string, host: string): Promise<void> {
  if ((await listHostsOfNetwork(sql, networkId)).includes(host)) return
  needNetwork(await lockNetwork(sql, networkId, "SHARE"), networkId)
  const sentence = "INSERT INTO network_hosts (network_id, host) VALUES ($1, $2) ON CONFLICT DO NOTHING"
  await sql.run(sentence, networkId, host)
}

export async function listHostsOfNetwork(sql: Sql, networkId: string): Promise<string[]> {
  const rows = await sql.all("SELECT host FROM network_hosts WHERE network_id = $1 ORDER BY host", networkId)
  return rows.map((row) => textOf(row, "host"))
}

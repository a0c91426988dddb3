import { textOf } from "./row.ts"
import type { SqliteConnection } from "./sqlite-connection.ts"
import { needNetworkRow } from "./sqlite-networks.ts"

/** Within a transaction of `db`. */
export function noteNetworkOnHost(db: SqliteConnection, networkId: string, host: string): void {
  if (listHostsOfNetwork(db, networkId).includes(host)) return
  needNetworkRow(db, networkId)
  db.run("INSERT INTO network_hosts (network_id, host) VALUES (?, ?)", networkId, host)
}

export function listHostsOfNetwork(db: SqliteConnection, networkId: string): string[] {
  const rows = db.all("SELECT host FROM network_hosts WHERE network_id = ? ORDER BY host", networkId)
  return rows.map((row) => textOf(row, "host"))
}

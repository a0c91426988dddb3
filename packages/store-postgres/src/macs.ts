import type { MacAddress } from "@slash64/core"
import { textOf } from "@slash64/core/store-rules"
import type { Sql } from "./postgres-connection.ts"

/** MACs are unique over all networks, NICs and routers. `owner`: `NIC x` or `router x`. False when another has it. */
export async function takeMac(sql: Sql, mac: MacAddress, owner: string): Promise<boolean> {
  return (await sql.run("INSERT INTO macs (mac, owner) VALUES ($1, $2) ON CONFLICT DO NOTHING", mac, owner)) === 1
}

export async function ownerOfMac(sql: Sql, mac: MacAddress): Promise<string> {
  const row = await sql.get("SELECT owner FROM macs WHERE mac = $1", mac)
  return row === undefined ? "another" : textOf(row, "owner")
}

export async function releaseMacs(sql: Sql, owner: string, ...macs: readonly MacAddress[]): Promise<void> {
  for (const mac of macs) await sql.run("DELETE FROM macs WHERE mac = $1 AND owner = $2", mac, owner)
}

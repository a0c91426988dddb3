import type { MacAddress, Nic, NicClaim, NicFilter } from "@slash64/core"
import {
  addressBlob,
  addressOf,
  checkLeaving,
  damaged,
  defaultNic,
  movedNic,
  readNetworkRow,
  readNicRow,
} from "@slash64/core/store-rules"
import { releaseAddresses } from "./addresses.ts"
import { releaseMacs } from "./macs.ts"
import { findNetworkRow, needNetwork } from "./networks.ts"
import { nicColumns } from "./nic-columns.ts"
import { all } from "./page.ts"
import { Again } from "./postgres-connection.ts"
import type { Sql } from "./postgres-connection.ts"

/** What a claim was given. */
export interface Given {
  readonly mac: MacAddress
  readonly ipv6: Uint8Array | null
  readonly ipv4: Uint8Array | null
  readonly isDefault: boolean
}

export async function insertNic(sql: Sql, claim: NicClaim, given: Given): Promise<Nic> {
  const row = await sql.get(
    `INSERT INTO nics (id, network_id, host, vm_id, vm_place, mac, ipv6, ipv4, hostname, state)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'claimed') RETURNING ${nicColumns}`,
    claim.id,
    claim.networkId,
    claim.host,
    claim.vmId,
    given.isDefault ? "" : claim.id,
    given.mac,
    given.ipv6,
    given.ipv4,
    claim.hostname,
  )
  if (row === undefined) throw damaged("NIC")
  return readNicRow(row)
}

/** One statement when the NIC moves. */
export async function markNic(sql: Sql, id: string, state: "attached" | "leaving"): Promise<Nic> {
  const row = await sql.get(
    `UPDATE nics SET state = $2 WHERE id = $1 AND state <> $2 AND state <> 'leaving' RETURNING ${nicColumns}`,
    id,
    state,
  )
  if (row !== undefined) return readNicRow(row)
  const stored = await findNic(sql, id)
  const nic = movedNic(id, stored, state)
  // It may move by now: another has changed it between the two statements.
  if (nic !== stored) throw new Again()
  return nic
}

export async function findNic(sql: Sql, id: string): Promise<Nic | undefined> {
  const row = await sql.get(`SELECT ${nicColumns} FROM nics WHERE id = $1`, id)
  return row && readNicRow(row)
}

export async function listNics(sql: Sql, { networkId, vmId, after = "", limit = all }: NicFilter): Promise<Nic[]> {
  const conditions = ["id > $1"]
  const values = [after, limit, ...[networkId, vmId].filter((value) => value !== undefined)]
  if (networkId !== undefined) conditions.push("network_id = $3")
  if (vmId !== undefined) conditions.push(`vm_id = $${values.length}`)
  const text = `SELECT ${nicColumns} FROM nics WHERE ${conditions.join(" AND ")} ORDER BY id LIMIT $2`
  return (await sql.all(text, ...values)).map(readNicRow)
}

/** A transaction. Two that change the default of one VM meet at its NICs, which each locks in the same order. */
export async function makeDefaultNic(sql: Sql, id: string): Promise<Nic> {
  const { vmId } = defaultNic(id, await findNic(sql, id))
  const rows = await sql.all(`SELECT ${nicColumns} FROM nics WHERE vm_id = $1 ORDER BY id FOR UPDATE`, vmId)
  const ofVm = rows.map(readNicRow)
  const nic = defaultNic(
    id,
    ofVm.find((one) => one.id === id),
  )
  if (nic.isDefault) return nic
  await sql.run("UPDATE nics SET vm_place = id WHERE vm_id = $1 AND vm_place = ''", vmId)
  await sql.run("UPDATE nics SET vm_place = '' WHERE id = $1", id)
  return { ...nic, isDefault: true }
}

/** A transaction. */
export async function freeNic(sql: Sql, id: string, now: number): Promise<void> {
  const row = await sql.get(`SELECT ${nicColumns} FROM nics WHERE id = $1 FOR UPDATE`, id)
  if (row === undefined) return
  const nic = readNicRow(row)
  checkLeaving(nic)
  const network = readNetworkRow(needNetwork(await findNetworkRow(sql, nic.networkId), nic.networkId))
  const keys = [addressOf(row, "ipv6"), addressOf(row, "ipv4")].filter((key) => key !== undefined).map(addressBlob)
  await releaseMacs(sql, `NIC ${id}`, nic.mac)
  await releaseAddresses(sql, nic.networkId, keys, now + network.quarantineSeconds, now)
  await sql.run("DELETE FROM nics WHERE id = $1", id)
}

import { parseUuid } from "../address/id.ts"
import { macFromBytes } from "../address/mac-address.ts"
import type { MacAddress } from "../address/mac-address.ts"
import type { Nic } from "../network/records.ts"
import { readNicRow } from "./record-codec.ts"
import { damaged } from "./row.ts"
import { ofNetwork } from "./sqlite-addresses.ts"
import type { Row, SqliteConnection } from "./sqlite-connection.ts"
import type { NicFilter } from "./store.ts"

/** A NIC's columns hold MAC and VM as bytes: their indexes are half as large as with text. */
export function macBlob(mac: MacAddress): Uint8Array {
  return Buffer.from(mac.replaceAll(":", ""), "hex")
}

export function vmBlob(vmId: string): Uint8Array {
  return Buffer.from(parseUuid("vmId", vmId).replaceAll("-", ""), "hex")
}

export function readNic(row: Row): Nic {
  return readNicRow({ ...row, mac: macFromBytes(blobOf(row, "mac", 6)), vm_id: readVm(blobOf(row, "vm_id", 16)) })
}

/** These run within a transaction of `db`. */
export function findNic(db: SqliteConnection, id: string): Nic | undefined {
  const row = db.get("SELECT * FROM nics WHERE id = ?", id)
  return row && readNic(row)
}

export function listNics(db: SqliteConnection, { networkId, vmId, after = "", limit = -1 }: NicFilter): Nic[] {
  if (vmId !== undefined) {
    const where = networkId === undefined ? "" : "AND network_id = ?"
    const values = networkId === undefined ? [vmBlob(vmId)] : [vmBlob(vmId), networkId]
    const sql = `SELECT * FROM nics WHERE vm_id = ? ${where} AND id > ? ORDER BY id LIMIT ?`
    return db.all(sql, ...values, after, limit).map(readNic)
  }
  if (networkId === undefined)
    return db.all("SELECT * FROM nics WHERE id > ? ORDER BY id LIMIT ?", after, limit).map(readNic)
  const network = limit > 0 && isLarge(db, networkId) ? walkIds : sortNetwork
  return db.all(network, networkId, after, limit).map(readNic)
}

/**
 * All of the network's NICs are read and sorted: for all of them at once, or where they are few. They are found by
 * their addresses, of which each has one: an index on the network would be one more for a claim to write.
 */
const sortNetwork = `SELECT * FROM nics WHERE number IN (SELECT nic FROM addresses WHERE ${ofNetwork}) AND +id > ?
  ORDER BY +id LIMIT ?`
/** NICs are read in the order of their ids, other networks' too, until the page is full. */
const walkIds = "SELECT * FROM nics WHERE network_id = ? AND id > ? ORDER BY id LIMIT ?"

function isLarge(db: SqliteConnection, networkId: string): boolean {
  return db.get(`SELECT 1 FROM addresses WHERE ${ofNetwork} LIMIT 1 OFFSET 10000`, networkId) !== undefined
}

function readVm(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")
}

function blobOf(row: Row, column: string, length: number): Uint8Array {
  const value = row[column]
  if (value instanceof Uint8Array && value.length === length) return value
  throw damaged(`${column} of a NIC`)
}

import type { MacAddress } from "../address/mac-address.ts"
import type { NicClaim } from "../network/nic-claim.ts"
import type { SharedNetwork } from "../network/records.ts"
import { readNetworkRow } from "./record-codec.ts"
import { numberOf } from "./row.ts"
import type { Row, SqliteConnection } from "./sqlite-connection.ts"
import { macBlob, vmBlob } from "./sqlite-nic-rows.ts"

/**
 * What a claim meets, asked for in one statement: a claim is made of statements, and nearly always meets nothing.
 * Where it meets something, whoever wants to know what looks itself.
 */
export interface ClaimGround {
  readonly network: SharedNetwork
  readonly row: Row
  /** Stands for the network's id in keys. */
  readonly networkNumber: number
  /** NICs are kept in the order in which they came: a page is full before the next is begun. */
  readonly nicNumber: number
  /** The NIC itself. */
  readonly known: boolean
  /** A NIC of the network with its host name. */
  readonly named: boolean
  /** A NIC or router with the MAC. */
  readonly macTaken: boolean
  /** Another NIC of its VM. */
  readonly vmKnown: boolean
  /** An address that it had and that rests. */
  readonly rested: boolean
}

/** Undefined where there is no such network. */
export function readClaimGround(db: SqliteConnection, claim: NicClaim, mac: MacAddress): ClaimGround | undefined {
  const row = db.get(
    `SELECT body, cursor6, cursor4, number,
       coalesce((SELECT max(number) FROM nics), 0) + 1 AS nic_number,
       EXISTS (SELECT 1 FROM nics WHERE id = ?1) AS known,
       EXISTS (SELECT 1 FROM nics WHERE network_id = ?2 AND hostname = ?3 AND hostname <> id)
         OR EXISTS (SELECT 1 FROM nics WHERE id = ?3 AND hostname = id AND network_id = ?2) AS named,
       EXISTS (SELECT 1 FROM nics WHERE mac = ?4)
         OR EXISTS (SELECT 1 FROM routers WHERE guest_mac = ?5 OR control_mac = ?5) AS mac_taken,
       EXISTS (SELECT 1 FROM nics WHERE vm_id = ?6) AS vm_known,
       EXISTS (SELECT 1 FROM addresses WHERE last_nic_id = ?1) AS rested
     FROM networks WHERE id = ?2`,
    claim.id,
    claim.networkId,
    claim.hostname,
    macBlob(mac),
    mac,
    vmBlob(claim.vmId),
  )
  if (row === undefined) return undefined
  return {
    network: readNetworkRow(row),
    row,
    networkNumber: numberOf(row, "number"),
    nicNumber: numberOf(row, "nic_number"),
    known: row["known"] === 1,
    named: row["named"] === 1,
    macTaken: row["mac_taken"] === 1,
    vmKnown: row["vm_known"] === 1,
    rested: row["rested"] === 1,
  }
}

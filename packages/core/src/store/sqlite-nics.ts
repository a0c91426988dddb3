import type { KeyObject } from "node:crypto"
import { duidLl } from "../address/duid.ts"
import { ipv4FromBigInt, ipv4ToBigInt } from "../address/ipv4.ts"
import { ipv6FromBigInt, ipv6ToBigInt } from "../address/ipv6-address.ts"
import { macForNic } from "../address/mac-address.ts"
import type { MacAddress } from "../address/mac-address.ts"
import { addressPools, ipv4Mapped } from "../network/address-pools.ts"
import type { AddressPools } from "../network/address-pools.ts"
import { isDefaultNic } from "../network/default-network.ts"
import type { NicClaim } from "../network/nic-claim.ts"
import { checkRequested } from "../network/plan-nic.ts"
import type { Nic, SharedNetwork } from "../network/records.ts"
import { checkLeaving, defaultNic, hostnameTaken, movedNic, nicMacTaken, sameNic } from "./nic-rules.ts"
import { noSuchNetwork } from "./network-rules.ts"
import { readNetworkRow } from "./record-codec.ts"
import { addressBlob, addressOf } from "./row.ts"
import { releaseAddresses, takeAddress } from "./sqlite-addresses.ts"
import { readClaimGround } from "./sqlite-claim-ground.ts"
import type { Row, SqliteConnection } from "./sqlite-connection.ts"
import { needNetworkRow, raiseRevision } from "./sqlite-networks.ts"
import { findNic, listNics, macBlob, readNic, vmBlob } from "./sqlite-nic-rows.ts"

/** Each of these runs within a transaction of `db`. `now` is unix seconds. */
export function claimNic(db: SqliteConnection, claim: NicClaim, secret: KeyObject, now: number): Nic {
  const own = claim.mac ?? macForNic(claim.id)
  const ground = readClaimGround(db, claim, own)
  if (ground === undefined || ground.known) return knownNic(db, claim)
  const { network, row, networkNumber, nicNumber, rested } = ground
  checkRequested(claim, network)
  if (ground.named) checkHostname(db, claim)
  const mac = ground.macTaken ? claimMac(db, claim) : own
  const isDefault = isDefaultNic(claim.isDefault, ground.vmKnown ? listNics(db, { vmId: claim.vmId }) : [])
  const taker = { nicId: claim.id, nicNumber, networkNumber, rested, mac, secret, now }
  const { ipv6, ipv4 } = poolsOf(network, row)
  const key6 = ipv6 && takeAddress(db, ipv6, taker, claim.requestedIpv6 && ipv6ToBigInt(claim.requestedIpv6))
  const key4 = ipv4 && takeAddress(db, ipv4, taker, claim.requestedIpv4 && ipv4ToBigInt(claim.requestedIpv4))
  db.run(
    `INSERT INTO nics (number, id, network_id, host, vm_id, mac, ipv6, ipv4, hostname, is_default, state)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'claimed')`,
    nicNumber,
    claim.id,
    claim.networkId,
    claim.host,
    vmBlob(claim.vmId),
    macBlob(mac),
    key6 === undefined ? null : addressBlob(key6),
    key4 === undefined ? null : addressBlob(key4),
    claim.hostname,
    isDefault ? 1 : 0,
  )
  raiseRevision(db, claim.networkId)
  return {
    id: claim.id,
    networkId: claim.networkId,
    host: claim.host,
    vmId: claim.vmId,
    mac,
    duid: duidLl(mac),
    ...(key6 !== undefined && { ipv6: ipv6FromBigInt(key6) }),
    ...(key4 !== undefined && { ipv4: ipv4FromBigInt(key4 - ipv4Mapped) }),
    hostname: claim.hostname,
    isDefault,
    state: "claimed",
  }
}

export function markNic(db: SqliteConnection, id: string, state: "attached" | "leaving"): Nic {
  const stored = findNic(db, id)
  const nic = movedNic(id, stored, state)
  if (nic === stored) return nic
  db.run("UPDATE nics SET state = ? WHERE id = ?", state, id)
  if (state === "leaving") raiseRevision(db, nic.networkId)
  return nic
}

export function makeDefaultNic(db: SqliteConnection, id: string): Nic {
  const nic = defaultNic(id, findNic(db, id))
  if (nic.isDefault) return nic
  const former = listNics(db, { vmId: nic.vmId }).find((other) => other.isDefault)
  if (former !== undefined) {
    db.run("UPDATE nics SET is_default = 0 WHERE id = ?", former.id)
    raiseRevision(db, former.networkId)
  }
  db.run("UPDATE nics SET is_default = 1 WHERE id = ?", id)
  raiseRevision(db, nic.networkId)
  return { ...nic, isDefault: true }
}

export function freeNic(db: SqliteConnection, id: string, now: number): void {
  const row = db.get("SELECT * FROM nics WHERE id = ?", id)
  if (row === undefined) return
  const nic = readNic(row)
  checkLeaving(nic)
  const { quarantineSeconds } = readNetworkRow(needNetworkRow(db, nic.networkId))
  const keys = [addressOf(row, "ipv6"), addressOf(row, "ipv4")].filter((key) => key !== undefined).map(addressBlob)
  releaseAddresses(db, nic, keys, now + quarantineSeconds, now)
  db.run("DELETE FROM nics WHERE id = ?", id)
}

/** The families of a network as the allocator sees them; `row` gives where `sequential` goes on. */
export function poolsOf(network: SharedNetwork, row: Row): AddressPools {
  return addressPools(network, { ipv6: addressOf(row, "cursor6"), ipv4: addressOf(row, "cursor4") })
}

function knownNic(db: SqliteConnection, claim: NicClaim): Nic {
  const stored = findNic(db, claim.id)
  if (stored === undefined) throw noSuchNetwork(claim.networkId)
  return sameNic(stored, claim)
}

/** A NIC whose name is its id is found by that, another by the index of given names. */
export function checkHostname(
  db: SqliteConnection,
  { networkId, hostname }: Pick<NicClaim, "networkId" | "hostname">,
): void {
  const other = db.get(
    `SELECT id FROM nics WHERE network_id = ?1 AND hostname = ?2 AND hostname <> id
     UNION ALL SELECT id FROM nics WHERE id = ?2 AND hostname = id AND network_id = ?1`,
    networkId,
    hostname,
  )
  if (other !== undefined) throw hostnameTaken(hostname, String(other["id"]))
}

function claimMac(db: SqliteConnection, claim: NicClaim): MacAddress {
  if (claim.mac === undefined) return freeMac(db, claim.id)
  const owner = ownerOfMac(db, claim.mac)
  if (owner !== undefined) throw nicMacTaken(claim.mac, owner)
  return claim.mac
}

function freeMac(db: SqliteConnection, nicId: string): MacAddress {
  for (let attempt = 0; ; attempt++) {
    const mac = macForNic(nicId, attempt)
    if (ownerOfMac(db, mac) === undefined) return mac
  }
}

/** MACs are unique over all networks, NICs and routers. */
export function ownerOfMac(db: SqliteConnection, mac: MacAddress): string | undefined {
  const nic = db.get("SELECT id FROM nics WHERE mac = ?", macBlob(mac))
  if (nic !== undefined) return `NIC ${String(nic["id"])}`
  const router = db.get("SELECT id FROM routers WHERE guest_mac = ? OR control_mac = ?", mac, mac)
  return router && `router ${String(router["id"])}`
}

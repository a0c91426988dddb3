import type { KeyObject } from "node:crypto"
import { addressPools, checkRequested, ipv4ToBigInt, ipv6ToBigInt, isDefaultNic, macForNic } from "@slash64/core"
import type { MacAddress, Nic, NicClaim, SharedNetwork } from "@slash64/core"
import {
  addressBlob,
  addressOf,
  hostnameTaken,
  nicMacTaken,
  readNetworkRow,
  sameNic,
  textOf,
} from "@slash64/core/store-rules"
import { takeAddress } from "./addresses.ts"
import { ownerOfMac, takeMac } from "./macs.ts"
import { findNetworkRow, lockNetwork, needNetwork } from "./networks.ts"
import { findNic, insertNic, listNics } from "./nics.ts"
import { Again } from "./postgres-connection.ts"
import type { Sql } from "./postgres-connection.ts"

/**
 * A claim by one question after the other, in one transaction: finds an address where the first one is taken, and
 * says why a claim is refused. MAC, IPv6, IPv4, NIC: always in this order, so two claims never wait for each other.
 */
export async function claimInSteps(sql: Sql, claim: NicClaim, secret: KeyObject, now: number): Promise<Nic> {
  const stored = await findNic(sql, claim.id)
  if (stored !== undefined) return sameNic(stored, claim)
  const row = await holdNetwork(sql, claim.networkId)
  const network = readNetworkRow(row)
  checkRequested(claim, network)
  await checkHostname(sql, claim)
  const mac = await claimMac(sql, claim)
  const isDefault = isDefaultNic(claim.isDefault, await listNics(sql, { vmId: claim.vmId }))
  const taker = { nicId: claim.id, mac, secret, now }
  const pools = addressPools(network, { ipv6: addressOf(row, "cursor6"), ipv4: addressOf(row, "cursor4") })
  const requested6 = claim.requestedIpv6 && ipv6ToBigInt(claim.requestedIpv6)
  const requested4 = claim.requestedIpv4 && ipv4ToBigInt(claim.requestedIpv4)
  const key6 = pools.ipv6 && (await takeAddress(sql, pools.ipv6, taker, requested6))
  const key4 = pools.ipv4 && (await takeAddress(sql, pools.ipv4, taker, requested4))
  return insertNic(sql, claim, {
    mac,
    ipv6: key6 === undefined ? null : addressBlob(key6),
    ipv4: key4 === undefined ? null : addressBlob(key4),
    isDefault,
  })
}

/** Where each claim moves the cursor, one claim is made at a time. */
async function holdNetwork(sql: Sql, id: string) {
  const lock = lockFor(readNetworkRow(needNetwork(await findNetworkRow(sql, id), id)))
  const row = needNetwork(await lockNetwork(sql, id, lock), id)
  if (lockFor(readNetworkRow(row)) !== lock) throw new Again()
  return row
}

function lockFor({ policy }: SharedNetwork): "UPDATE" | "SHARE" {
  return policy === "sequential" ? "UPDATE" : "SHARE"
}

async function checkHostname(sql: Sql, { networkId, hostname }: NicClaim): Promise<void> {
  const other = await sql.get("SELECT id FROM nics WHERE network_id = $1 AND hostname = $2", networkId, hostname)
  if (other !== undefined) throw hostnameTaken(hostname, textOf(other, "id"))
}

async function claimMac(sql: Sql, claim: NicClaim): Promise<MacAddress> {
  const owner = `NIC ${claim.id}`
  if (claim.mac === undefined) return freeMac(sql, claim.id, owner)
  if (!(await takeMac(sql, claim.mac, owner))) throw nicMacTaken(claim.mac, await ownerOfMac(sql, claim.mac))
  return claim.mac
}

async function freeMac(sql: Sql, nicId: string, owner: string): Promise<MacAddress> {
  for (let attempt = 0; ; attempt++) {
    const mac = macForNic(nicId, attempt)
    if (await takeMac(sql, mac, owner)) return mac
  }
}

import { allocateForAll } from "../allocate/allocate-for-all.ts"
import type { AddressPool } from "../allocate/address-pool.ts"
import { addressPools } from "../network/address-pools.ts"
import { checkAgainst } from "../network/check-against.ts"
import type { Nic, SharedNetwork } from "../network/records.ts"
import { networkKeys } from "./network-rules.ts"
import { addressBlob } from "./row.ts"
import type { SqliteConnection } from "./sqlite-connection.ts"
import { neighbours } from "./sqlite-networks.ts"
import { listNics } from "./sqlite-nic-rows.ts"
import { claimOwn } from "./sqlite-pooled-networks.ts"
import type { ClaimGround } from "./sqlite-pooled-networks.ts"

/**
 * Gives each NIC of a network an address of every family that `network` has and `before` has not. Within a transaction
 * of `db`.
 */
export function addFamilies(
  db: SqliteConnection,
  before: SharedNetwork,
  network: SharedNetwork,
  ground: ClaimGround,
): void {
  const { ipv6, ipv4 } = addressPools(network, {})
  const added = [before.ipv6 ? undefined : ipv6, before.ipv4 ? undefined : ipv4].filter((pool) => pool !== undefined)
  if (added.length === 0) return
  if (before.ipv6 === undefined) claimOwn(db, network, ground)
  const keys = networkKeys(network)
  checkAgainst(network, neighbours(db, network, keys))
  db.run(
    "UPDATE networks SET prefix6 = ?, first4 = ?, last4 = ? WHERE id = ?",
    keys.prefix6,
    keys.first4,
    keys.last4,
    network.id,
  )
  const nics = listNics(db, { networkId: network.id })
  for (const pool of added) giveAll(db, pool, nics, ground)
  // Its port lets the new address through when its host has been told so, and not before.
  if (network.portSecurity)
    db.run("UPDATE nics SET state = 'claimed' WHERE network_id = ? AND state = 'attached'", network.id)
}

function giveAll(db: SqliteConnection, pool: AddressPool, nics: readonly Nic[], { secret }: ClaimGround): void {
  const takers = nics.map(({ id, mac }) => ({ nicId: id, mac, secret }))
  const { addresses, cursor } = allocateForAll(pool, takers)
  for (const [nicId, address] of addresses) {
    const key = addressBlob(pool.base + address)
    db.run(
      `INSERT INTO addresses (network, address, nic)
       SELECT networks.number, ?, nics.number FROM nics JOIN networks ON networks.id = network_id WHERE nics.id = ?`,
      key,
      nicId,
    )
    db.run(`UPDATE nics SET ${pool.family} = ? WHERE id = ?`, key, nicId)
  }
  if (pool.choice.policy !== "sequential") return
  const column = pool.family === "ipv6" ? "cursor6" : "cursor4"
  db.run(`UPDATE networks SET ${column} = ? WHERE id = ?`, addressBlob(cursor), pool.networkId)
}

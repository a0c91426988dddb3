import { addressPools, allocateForAll, checkAgainst } from "@slash64/core"
import type { AddressPool, Nic, SharedNetwork } from "@slash64/core"
import { addressBlob, networkKeys, readNicRow } from "@slash64/core/store-rules"
import { neighbours } from "./networks.ts"
import { nicColumns } from "./nic-columns.ts"
import { claimOwn } from "./pooled-networks.ts"
import type { ClaimGround } from "./pooled-networks.ts"
import type { Sql } from "./postgres-connection.ts"

/**
 * Gives each NIC of a network an address of every family that `network` has and `before` has not. Within a transaction
 * that holds the schema and the network, so nobody claims on it: the NICs that are locked are all that it has.
 */
export async function addFamilies(
  sql: Sql,
  before: SharedNetwork,
  network: SharedNetwork,
  ground: ClaimGround,
): Promise<void> {
  const { ipv6, ipv4 } = addressPools(network, {})
  const added = [before.ipv6 ? undefined : ipv6, before.ipv4 ? undefined : ipv4].filter((pool) => pool !== undefined)
  if (added.length === 0) return
  if (before.ipv6 === undefined) await claimOwn(sql, network, ground)
  const keys = networkKeys(network)
  checkAgainst(network, await neighbours(sql, network, keys))
  await sql.run(
    "UPDATE networks SET prefix6 = $2, first4 = $3, last4 = $4 WHERE id = $1",
    network.id,
    keys.prefix6,
    keys.first4,
    keys.last4,
  )
  // One that is being freed is waited for; later, it takes both addresses back.
  const rows = await sql.all(`SELECT ${nicColumns} FROM nics WHERE network_id = $1 ORDER BY id FOR UPDATE`, network.id)
  const nics = rows.map(readNicRow)
  for (const pool of added) await giveAll(sql, pool, nics, ground)
  // Its port lets the new address through when its host has been told so, and not before.
  if (network.portSecurity)
    await sql.run("UPDATE nics SET state = 'claimed' WHERE network_id = $1 AND state = 'attached'", network.id)
}

async function giveAll(sql: Sql, pool: AddressPool, nics: readonly Nic[], { secret }: ClaimGround): Promise<void> {
  const takers = nics.map(({ id, mac }) => ({ nicId: id, mac, secret }))
  const { addresses, cursor } = allocateForAll(pool, takers)
  const ids = [...addresses.keys()]
  const given = [...addresses.values()].map((address) => addressBlob(pool.base + address))
  await sql.run(
    `INSERT INTO addresses (network_id, address, nic_id)
     SELECT $1, address, id FROM unnest($2::bytea[], $3::text[]) AS given (address, id)`,
    pool.networkId,
    given,
    ids,
  )
  await sql.run(
    `UPDATE nics SET ${pool.family} = given.address
     FROM unnest($1::bytea[], $2::text[]) AS given (address, id) WHERE nics.id = given.id`,
    given,
    ids,
  )
  if (pool.choice.policy !== "sequential") return
  const column = pool.family === "ipv6" ? "cursor6" : "cursor4"
  await sql.run(`UPDATE networks SET ${column} = $2 WHERE id = $1`, pool.networkId, addressBlob(cursor))
}

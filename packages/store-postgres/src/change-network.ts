import { addressPools, addsFamily, keepingMost, planNetworkChange } from "@slash64/core"
import type { AddressPool, ChangedNetwork, NetworkChange, Nic } from "@slash64/core"
import { addressBlob, readNetworkRow, readNicRow } from "@slash64/core/store-rules"
import { addFamilies } from "./add-family.ts"
import { lockNetwork, needNetwork } from "./networks.ts"
import { nicColumns } from "./nic-columns.ts"
import { placeChange } from "./pooled-networks.ts"
import type { ClaimGround } from "./pooled-networks.ts"
import type { Sql } from "./postgres-connection.ts"
import { lockSchema } from "./schema.ts"

/**
 * A transaction: the lock waits for every claim that was begun on the network as it was, and one that comes later finds
 * another version. A new family is compared with all networks: schema, network, pool are locked in this order.
 */
export async function changeNetwork(
  sql: Sql,
  id: string,
  change: NetworkChange,
  ground: ClaimGround,
): Promise<ChangedNetwork> {
  if (addsFamily(change)) await lockSchema(sql)
  const stored = readNetworkRow(needNetwork(await lockNetwork(sql, id, "UPDATE"), id))
  const network = planNetworkChange(stored, await placeChange(sql, stored, change, ground))
  if (network !== stored) {
    await addFamilies(sql, stored, network, ground)
    await sql.run("UPDATE networks SET body = $2, version = version + 1 WHERE id = $1", id, JSON.stringify(network))
  }
  const { ipv6, ipv4 } = addressPools(network, {})
  // A NIC may keep an address of each family.
  const kept = [...(await keepingOf(sql, ipv6)), ...(await keepingOf(sql, ipv4))]
  const keeping = new Map(kept.map((nic) => [nic.id, nic]))
  return { network, keeping: [...keeping.values()].slice(0, keepingMost) }
}

async function keepingOf(sql: Sql, pool: AddressPool | undefined): Promise<Nic[]> {
  const nics: Nic[] = []
  if (pool === undefined) return nics
  for (const { first, last } of pool.excluded()) {
    if (nics.length >= keepingMost) break
    const rows = await sql.all(
      `SELECT ${nicColumns} FROM nics JOIN (
         SELECT address, nic_id FROM addresses
         WHERE network_id = $1 AND address BETWEEN $2 AND $3 AND free_after IS NULL
         ORDER BY address LIMIT $4) AS kept ON id = nic_id
       ORDER BY address`,
      pool.networkId,
      addressBlob(pool.base + first),
      addressBlob(pool.base + last),
      keepingMost - nics.length,
    )
    nics.push(...rows.map(readNicRow))
  }
  return nics
}

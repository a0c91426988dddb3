import type { AddressPool } from "../allocate/address-pool.ts"
import { addressPools } from "../network/address-pools.ts"
import { planNetworkChange } from "../network/plan-network-change.ts"
import type { NetworkChange } from "../network/plan-network-change.ts"
import type { Nic } from "../network/records.ts"
import { readNetworkRow } from "./record-codec.ts"
import { addressBlob } from "./row.ts"
import { ofNetwork } from "./sqlite-addresses.ts"
import { addFamilies } from "./sqlite-add-family.ts"
import type { SqliteConnection } from "./sqlite-connection.ts"
import { needNetworkRow, raiseRevision } from "./sqlite-networks.ts"
import { readNic } from "./sqlite-nic-rows.ts"
import { placeChange } from "./sqlite-pooled-networks.ts"
import type { ClaimGround } from "./sqlite-pooled-networks.ts"
import { keepingMost } from "./store.ts"
import type { ChangedNetwork } from "./store.ts"

/** Within a transaction of `db`. */
export function changeNetwork(
  db: SqliteConnection,
  id: string,
  change: NetworkChange,
  ground: ClaimGround,
): ChangedNetwork {
  const stored = readNetworkRow(needNetworkRow(db, id))
  const network = planNetworkChange(stored, placeChange(db, stored, change, ground))
  if (network !== stored) {
    addFamilies(db, stored, network, ground)
    db.run("UPDATE networks SET body = ? WHERE id = ?", JSON.stringify(network), id)
    raiseRevision(db, id)
  }
  const { ipv6, ipv4 } = addressPools(network, {})
  // A NIC may keep an address of each family.
  const keeping = new Map([...keepingOf(db, ipv6), ...keepingOf(db, ipv4)].map((nic) => [nic.id, nic]))
  return { network, keeping: [...keeping.values()].slice(0, keepingMost) }
}

function keepingOf(db: SqliteConnection, pool: AddressPool | undefined): Nic[] {
  const nics: Nic[] = []
  if (pool === undefined) return nics
  for (const { first, last } of pool.excluded()) {
    if (nics.length >= keepingMost) break
    const rows = db.all(
      `SELECT nics.* FROM addresses JOIN nics ON nics.number = addresses.nic
       WHERE ${ofNetwork} AND address BETWEEN ? AND ?
       ORDER BY address LIMIT ?`,
      pool.networkId,
      addressBlob(pool.base + first),
      addressBlob(pool.base + last),
      keepingMost - nics.length,
    )
    nics.push(...rows.map(readNic))
  }
  return nics
}

import type { KeyObject } from "node:crypto"
import {
  addressPools,
  duidLl,
  ipv4FromBigInt,
  ipv4ToBigInt,
  ipv6FromBigInt,
  ipv6ToBigInt,
  isInSpace,
  macForNic,
  poolOrder,
} from "@slash64/core"
import type { AddressPool, AddressPools, AddressTaker, Nic, NicClaim } from "@slash64/core"
import { addressBlob, numberOf, readNetworkRow } from "@slash64/core/store-rules"
import { findNetworkRow, needNetwork } from "./networks.ts"
import type { Sql } from "./postgres-connection.ts"
import { sqlState } from "./postgres-errors.ts"

/** A network as it was read: what a claim in one statement is planned by. */
export interface KnownNetwork {
  readonly id: string
  readonly version: number
  readonly pools: AddressPools
  readonly isSequential: boolean
}

/** NOT_FOUND when it is not there. */
export async function readKnownNetwork(sql: Sql, id: string): Promise<KnownNetwork> {
  const row = needNetwork(await findNetworkRow(sql, id), id)
  const network = readNetworkRow(row)
  const isSequential = network.policy === "sequential"
  return { id, version: numberOf(row, "version"), pools: addressPools(network, {}), isSequential }
}

/**
 * A claim in one statement: of the first address that the policy proposes, on the network as it is known. Undefined,
 * and nothing changed, where that does not do: the NIC is there, the network is another by now, an address is taken or
 * the NIC's own rests. MAC, addresses, NIC: in the order of `claimInSteps`.
 */
export async function claimAtOnce(
  sql: Sql,
  claim: NicClaim,
  { version, pools, isSequential }: KnownNetwork,
  secret: KeyObject,
): Promise<Nic | undefined> {
  if (isSequential) return undefined
  const mac = claim.mac ?? macForNic(claim.id)
  const taker = { nicId: claim.id, mac, secret }
  const ipv6 = proposed(pools.ipv6, taker, claim.requestedIpv6 && ipv6ToBigInt(claim.requestedIpv6))
  const ipv4 = proposed(pools.ipv4, taker, claim.requestedIpv4 && ipv4ToBigInt(claim.requestedIpv4))
  if (ipv6 === undefined || ipv4 === undefined) return undefined
  try {
    const row = await sql.get(
      claimStatement,
      claim.networkId,
      version,
      claim.id,
      keyOf(pools.ipv6, ipv6),
      keyOf(pools.ipv4, ipv4),
      mac,
      claim.host,
      claim.vmId,
      claim.hostname,
      claim.isDefault ?? null,
    )
    if (row === undefined) return undefined
    return {
      id: claim.id,
      networkId: claim.networkId,
      host: claim.host,
      vmId: claim.vmId,
      mac,
      duid: duidLl(mac),
      ...(ipv6 !== null && { ipv6: ipv6FromBigInt(ipv6) }),
      ...(ipv4 !== null && { ipv4: ipv4FromBigInt(ipv4) }),
      hostname: claim.hostname,
      isDefault: row["vm_place"] === "",
      state: "claimed",
    }
  } catch (error) {
    if (sqlState(error) === "23505") return undefined
    throw error
  }
}

const claimStatement = `
  WITH door AS (
    SELECT id FROM networks WHERE id = $1 AND version = $2 FOR SHARE
  ), fit AS (
    SELECT id FROM door
    WHERE NOT EXISTS (SELECT 1 FROM nics WHERE id = $3)
      AND NOT EXISTS (SELECT 1 FROM addresses WHERE nic_id = $3 AND free_after IS NOT NULL)
      AND NOT EXISTS (SELECT 1 FROM addresses WHERE network_id = $1 AND address IN ($4, $5))
  ), own_mac AS (
    INSERT INTO macs (mac, owner) SELECT $6, 'NIC ' || $3 FROM fit RETURNING mac
  ), own_addresses AS (
    INSERT INTO addresses (network_id, address, nic_id)
    SELECT $1, given.address, $3 FROM own_mac, (VALUES ($4::bytea), ($5::bytea)) AS given (address)
    WHERE given.address IS NOT NULL
    RETURNING address
  )
  INSERT INTO nics (id, network_id, host, vm_id, vm_place, mac, ipv6, ipv4, hostname, state)
  SELECT $3, $1, $7, $8,
    CASE WHEN $10::boolean IS TRUE THEN ''
      WHEN $10::boolean IS FALSE OR EXISTS (SELECT 1 FROM nics WHERE vm_id = $8 AND vm_place = '') THEN $3
      ELSE '' END,
    $6, $4, $5, $9, 'claimed'
  FROM own_mac WHERE (SELECT count(*) FROM own_addresses) > 0
  RETURNING vm_place`

/** The address that is tried first; null where the network has not this family, undefined where none may be tried. */
function proposed(
  pool: AddressPool | undefined,
  taker: AddressTaker,
  requested: bigint | undefined,
): bigint | null | undefined {
  if (pool === undefined) return requested === undefined ? null : undefined
  if (requested !== undefined) return isInSpace(pool.space, requested) ? requested : undefined
  const [first] = poolOrder(pool, taker, []).proposals
  return first
}

function keyOf(pool: AddressPool | undefined, address: bigint | null): Uint8Array | null {
  return pool === undefined || address === null ? null : addressBlob(pool.base + address)
}

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
import type { AddressPool, AddressPools, AddressTaker, MacAddress, Nic, NicClaim } from "@slash64/core"
import { addressBlob, numberOf, readNetworkRow, textOf } from "@slash64/core/store-rules"
import { claimStatement } from "./claim-statement.ts"
import { findNetworkRow, needNetwork } from "./networks.ts"
import type { Sql } from "./postgres-connection.ts"
import { sqlState } from "./postgres-errors.ts"

/** A network as it was read: what claims in one statement are planned by. */
export interface KnownNetwork {
  readonly id: string
  readonly version: number
  readonly pools: AddressPools
  readonly isSequential: boolean
}

/** What a claim would have. */
interface Plan {
  readonly claim: NicClaim
  readonly mac: MacAddress
  /** Null where the network has not this family. */
  readonly ipv6: bigint | null
  readonly ipv4: bigint | null
}

/** NOT_FOUND when it is not there. */
export async function readKnownNetwork(sql: Sql, id: string): Promise<KnownNetwork> {
  const row = needNetwork(await findNetworkRow(sql, id), id)
  const network = readNetworkRow(row)
  const isSequential = network.policy === "sequential"
  return { id, version: numberOf(row, "version"), pools: addressPools(network, {}), isSequential }
}

/**
 * Makes claims on one network in one statement: each of the first address that the policy proposes, on the network as
 * it is known. Undefined, and nothing changed, for each with which that does not do: the NIC is there, the network is
 * another by now, an address is taken or the NIC's own rests.
 */
export async function claimAtOnce(
  sql: Sql,
  claims: readonly NicClaim[],
  network: KnownNetwork,
  secret: KeyObject,
): Promise<readonly (Nic | undefined)[]> {
  const plans = claims.map((claim) => planClaim(claim, network, secret))
  const placeOf = await insertAll(
    sql,
    network,
    plans.filter((plan) => plan !== undefined),
  )
  return plans.map((plan) => plan && toNic(plan, placeOf.get(plan.claim.id)))
}

function planClaim(claim: NicClaim, { pools, isSequential }: KnownNetwork, secret: KeyObject): Plan | undefined {
  if (isSequential) return undefined
  const mac = claim.mac ?? macForNic(claim.id)
  const taker = { nicId: claim.id, mac, secret }
  const ipv6 = firstAddress(pools.ipv6, taker, claim.requestedIpv6 && ipv6ToBigInt(claim.requestedIpv6))
  const ipv4 = firstAddress(pools.ipv4, taker, claim.requestedIpv4 && ipv4ToBigInt(claim.requestedIpv4))
  return ipv6 === undefined || ipv4 === undefined ? undefined : { claim, mac, ipv6, ipv4 }
}

/** Undefined where none may be tried. */
function firstAddress(
  pool: AddressPool | undefined,
  taker: AddressTaker,
  requested: bigint | undefined,
): bigint | null | undefined {
  if (pool === undefined) return requested === undefined ? null : undefined
  if (requested !== undefined) return isInSpace(pool.space, requested) ? requested : undefined
  const [first] = poolOrder(pool, taker, []).proposals
  return first
}

/** Gives, by its id, the place in its VM of each NIC that was made. */
async function insertAll(
  sql: Sql,
  { id, version, pools }: KnownNetwork,
  plans: readonly Plan[],
): Promise<ReadonlyMap<string, string>> {
  if (plans.length === 0) return new Map()
  const rows = plans.map(({ claim, mac, ipv6, ipv4 }) => [
    claim.id,
    claim.host,
    claim.vmId,
    mac,
    keyOf(pools.ipv6, ipv6),
    keyOf(pools.ipv4, ipv4),
    claim.hostname,
    claim.isDefault ?? null,
  ])
  const [only] = rows
  const isOne = only !== undefined && rows.length === 1
  const values = isOne ? only : Array.from({ length: 8 }, (_, column) => rows.map((row) => row[column] ?? null))
  try {
    const made = await sql.all(claimStatement(isOne ? "one" : "many"), id, version, ...values)
    return new Map(made.map((row) => [textOf(row, "id"), textOf(row, "vm_place")]))
  } catch (error) {
    // Another took one of them in the same moment.
    if (sqlState(error) === "23505") return new Map()
    throw error
  }
}

function keyOf(pool: AddressPool | undefined, address: bigint | null): Uint8Array | null {
  return pool === undefined || address === null ? null : addressBlob(pool.base + address)
}

function toNic({ claim, mac, ipv6, ipv4 }: Plan, place: string | undefined): Nic | undefined {
  if (place === undefined) return undefined
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
    isDefault: place === "",
    state: "claimed",
  }
}

import { ipv4FromBigInt, ipv4ToBigInt, parseIpv4Address } from "../address/ipv4.ts"
import type { Ipv4Address } from "../address/ipv4.ts"
import { ipv6FromBigInt, ipv6ToBigInt, parseIpv6Address } from "../address/ipv6-address.ts"
import type { Ipv6Address } from "../address/ipv6-address.ts"
import { ipv4Mapped } from "../network/address-pools.ts"
import { readNetworkRow, readPoolRow, readPrefixRow } from "./record-codec.ts"
import { addressBlob, addressOf, damaged, numberOf, textOf } from "./row.ts"
import type { Row } from "./row.ts"
import type { KeptNetwork, KeptPool, KeptPrefix, RestingAddress } from "./store-record.ts"

/** Of a row with body, revision, cursor6 and cursor4. */
export function networkRecord(row: Row, hosts: readonly string[]): KeptNetwork {
  const [next6, next4] = [addressOf(row, "cursor6"), addressOf(row, "cursor4")]
  return {
    record: "network",
    network: readNetworkRow(row),
    revision: numberOf(row, "revision"),
    hosts,
    ...(next6 !== undefined && { nextIpv6: ipv6FromBigInt(next6) }),
    ...(next4 !== undefined && { nextIpv4: ipv4FromBigInt(next4) }),
  }
}

/** Of a row with body and cursor. */
export function poolRecord(row: Row): KeptPool {
  return { record: "pool", pool: readPoolRow(row), nextSlot: numberOf(row, "cursor") }
}

/** Of a row with body (the pool's), slot, holder_kind, holder_id and free_after. */
export function prefixRecord(row: Row): KeptPrefix {
  const { poolId, prefix, holder } = readPrefixRow(readPoolRow(row), row)
  const freeAfter = row["free_after"] === null ? undefined : numberOf(row, "free_after")
  return { record: "prefix", poolId, prefix, holder, ...(freeAfter !== undefined && { freeAfter }) }
}

/** Of a row with network_id, address, nic_id and free_after. */
export function restingRecord(row: Row): RestingAddress {
  const key = addressOf(row, "address")
  if (key === undefined) throw damaged("address")
  return {
    record: "resting",
    networkId: textOf(row, "network_id"),
    address: key >> 32n === ipv4Mapped >> 32n ? ipv4FromBigInt(key - ipv4Mapped) : ipv6FromBigInt(key),
    nicId: textOf(row, "nic_id"),
    freeAfter: numberOf(row, "free_after"),
  }
}

/** An address of either family as a row keeps it. */
export function addressKey(address: Ipv6Address | Ipv4Address): Uint8Array {
  return addressBlob(
    address.includes(":")
      ? ipv6ToBigInt(parseIpv6Address("address", address))
      : ipv4Mapped + ipv4ToBigInt(parseIpv4Address("address", address)),
  )
}

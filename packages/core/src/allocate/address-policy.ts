import { createHmac } from "node:crypto"
import type { KeyObject } from "node:crypto"
import { addressAt } from "./address-space.ts"
import type { AddressSpace } from "./address-space.ts"

/** In which order the addresses of a space are tried for one NIC. */
export interface AddressOrder {
  /** Tried first, one after the other. */
  readonly proposals: Iterable<bigint>
  /** When none of them is free: the first free address from here on, then from the lowest. Absent: no other will do. */
  readonly walkFrom?: bigint
}

export interface StableSubject {
  /** Kept outside the store, so that a lost store gives the same addresses again. A key object: six times faster. */
  readonly secret: KeyObject
  readonly networkId: string
  readonly nicId: string
  readonly family: "ipv6" | "ipv4"
}

/** In a space that is nine tenths full, one NIC in five finds none free among so many. */
const stableTries = 16

/**
 * The same NIC gets the same address, and nobody without the secret can tell which: a keyed hash of network, NIC
 * and a counter, in the manner of RFC 7217 section 5. Spread evenly; the space has at least one address.
 */
export function stableOrder(space: AddressSpace, subject: StableSubject): AddressOrder {
  return { proposals: stableProposals(space, subject), walkFrom: stableAddress(space, subject, 0) }
}

/** One after the other, on from the last one given, so that a released address rests longest. */
export function sequentialOrder(cursor: bigint): AddressOrder {
  return { proposals: [], walkFrom: cursor }
}

/** This one or none. */
export function requestedOrder(address: bigint): AddressOrder {
  return { proposals: [address] }
}

function* stableProposals(space: AddressSpace, subject: StableSubject): Generator<bigint> {
  for (let counter = 0; counter < stableTries; counter++) yield stableAddress(space, subject, counter)
}

function stableAddress(space: AddressSpace, subject: StableSubject, counter: number): bigint {
  const { secret, networkId, nicId, family } = subject
  const hash = createHmac("sha256", secret).update([family, networkId, nicId, counter].join("\0")).digest("hex")
  return addressAt(space, BigInt(`0x${hash}`) % space.capacity)
}

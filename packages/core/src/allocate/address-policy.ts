import { randomBytes } from "node:crypto"
import type { KeyObject } from "node:crypto"
import { addressAt, firstAddressFrom, isInSpace } from "./address-space.ts"
import type { AddressSpace } from "./address-space.ts"
import { keyedHash } from "./keyed-hash.ts"

/** In which order the addresses of a space are tried for one NIC. */
export interface AddressOrder {
  /** Tried first, one after the other; each is of the space. */
  readonly proposals: Iterable<bigint>
  /** When none of them is free: the first free address from here on, then from the lowest. Absent: no other will do. */
  readonly walkFrom?: bigint
}

export interface StableSubject {
  /** Kept outside the store, so that a lost store gives the same addresses again. */
  readonly secret: KeyObject
  readonly networkId: string
  readonly nicId: string
  readonly family: "ipv6" | "ipv4" | "prefix"
}

const none: AddressOrder = { proposals: [] }

/** Below this many addresses a hash would soon propose the same one twice; a permutation does not. */
const smallSpace = 1n << 16n

/** So many addresses are tried to the last by proposals alone. */
const tinySpace = 256n

/** In a space that is nine tenths full, one NIC in 30 finds none free among so many, and walks a dozen addresses. */
const tries = 32

/**
 * The same NIC gets the same address, and nobody without the secret can tell which. In the manner of RFC 7217
 * section 5: a keyed hash of network, NIC and a counter; in a small space the hash is the key of a permutation.
 * `whole` is the space with what is excluded: the hash chooses there, so an exclusion moves nobody but who is in it.
 */
export function stableOrder(space: AddressSpace, subject: StableSubject, whole = space): AddressOrder {
  return hashedOrder(space, whole, (counter) => stableHash(subject, counter))
}

/** Any that is free, and nobody can tell which. */
export function randomOrder(space: AddressSpace): AddressOrder {
  return hashedOrder(space, space, () => randomBytes(32))
}

/** One after the other, on from the last one given, so that a released address rests longest. */
export function sequentialOrder(space: AddressSpace, cursor: bigint): AddressOrder {
  const next = firstAddressFrom(space, cursor) ?? firstAddressFrom(space, 0n)
  return next === undefined ? none : { proposals: [next], walkFrom: next }
}

/** This one or none; none at all where the space has it not. */
export function onlyOrder(space: AddressSpace, address: bigint): AddressOrder {
  return isInSpace(space, address) ? requestedOrder(address) : none
}

/** This one or none. */
export function requestedOrder(address: bigint): AddressOrder {
  return { proposals: [address] }
}

function hashedOrder(space: AddressSpace, whole: AddressSpace, hash: (counter: number) => Buffer): AddressOrder {
  if (space.capacity === 0n) return none
  const seed = hash(0)
  const first = addressOf(whole, seed)
  const rest = whole.capacity < smallSpace ? permuted(whole, seed) : hashed(whole, hash)
  const proposals = within(space, first, rest)
  return whole.capacity <= tinySpace ? { proposals } : { proposals, walkFrom: first }
}

function* within(space: AddressSpace, first: bigint, rest: Iterable<bigint>): Generator<bigint> {
  if (isInSpace(space, first)) yield first
  for (const address of rest) if (isInSpace(space, address)) yield address
}

function* hashed(space: AddressSpace, hash: (counter: number) => Buffer): Generator<bigint> {
  for (let counter = 1; counter < tries; counter++) yield addressOf(space, hash(counter))
}

/** 128 bits of the seed, so that a space of nearly 2^64 is met evenly. */
function addressOf(space: AddressSpace, seed: Buffer): bigint {
  return addressAt(space, positionOf(space, seed))
}

function positionOf(space: AddressSpace, seed: Buffer): bigint {
  return ((seed.readBigUInt64BE(0) << 64n) | seed.readBigUInt64BE(8)) % space.capacity
}

/**
 * What follows the first address in the NIC's own permutation of a small space: steps of a length that has no
 * divisor in common with the number of addresses meet each of them once.
 */
function* permuted(space: AddressSpace, seed: Buffer): Generator<bigint> {
  const count = Number(space.capacity)
  const step = stepAround(count, seed.readUInt32BE(16))
  const start = Number(positionOf(space, seed))
  const proposed = space.capacity <= tinySpace ? count : tries
  for (let turn = 1; turn < proposed; turn++) yield addressAt(space, BigInt((start + turn * step) % count))
}

function stepAround(count: number, seed: number): number {
  let step = 1 + (seed % count)
  while (commonDivisor(step, count) !== 1) step++
  return step
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b)
}

function stableHash({ secret, networkId, nicId, family }: StableSubject, counter: number): Buffer {
  return keyedHash(secret, `${family}\0${networkId}\0${nicId}\0${counter}`)
}

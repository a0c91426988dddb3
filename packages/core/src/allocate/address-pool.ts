import type { KeyObject } from "node:crypto"
import type { MacAddress } from "../address/mac-address.ts"
import { Slash64Error, quote } from "../errors.ts"
import { onlyOrder, randomOrder, sequentialOrder, stableOrder } from "./address-policy.ts"
import type { AddressOrder } from "./address-policy.ts"
import { isInSpace } from "./address-space.ts"
import type { AddressSpace, Interval } from "./address-space.ts"

/** One family of one network, as the allocator sees it. */
export interface AddressPool {
  readonly networkId: string
  readonly family: "ipv6" | "ipv4"
  readonly space: AddressSpace
  /** The same with what is excluded. */
  readonly whole: AddressSpace
  /** What of the prefix is excluded: not in `space`, though NICs may hold addresses of it. */
  readonly excluded: () => readonly Interval[]
  /** Added to an address to make its 128-bit key: 0, or ::ffff:0:0 for IPv4. */
  readonly base: bigint
  readonly choice: AddressChoice
  readonly format: (address: bigint) => string
}

/** How an address is chosen: the network's policy, and what it needs. */
export type AddressChoice =
  | { readonly policy: "stable" | "random" }
  | { readonly policy: "sequential"; readonly cursor: bigint }
  | { readonly policy: "eui64"; readonly addressOf: (mac: MacAddress) => bigint }

/** Who asks for an address. */
export interface AddressTaker {
  readonly nicId: string
  readonly mac: MacAddress
  readonly secret: KeyObject
}

/** Who has an address, and where it rests until when (unix seconds). */
export interface AddressHolder {
  readonly nicId: string
  readonly freeAfter?: number
}

/**
 * In which order a NIC that asked for none tries the addresses of a pool. `own`: what it had before and nobody has
 * had since comes first, but where the address follows from the MAC.
 */
export function poolOrder(pool: AddressPool, taker: AddressTaker, own: readonly bigint[]): AddressOrder {
  const order = policyOrder(pool, taker)
  if (pool.choice.policy === "eui64") return order
  const known = own.filter((address) => isInSpace(pool.space, address))
  return known.length === 0 ? order : { ...order, proposals: [...known, ...order.proposals] }
}

/** RESOURCE_EXHAUSTED, with the counts. */
export function noAddressLeft(
  { networkId, family }: AddressPool,
  counts: { readonly capacity: bigint; readonly held: bigint; readonly resting: bigint },
): Slash64Error {
  const { capacity, held, resting } = counts
  const wait = resting > 0n ? "wait until a released address has rested, " : ""
  return new Slash64Error(
    "RESOURCE_EXHAUSTED",
    `network ${networkId}: no ${family} address is left: ${capacity} in all, ${held} held, ${resting} at rest`,
    {
      field: family,
      value: quote(networkId),
      hint: `${wait}detach a NIC, or add a range to the network`,
      native: { capacity: String(capacity), held: String(held), resting: String(resting) },
    },
  )
}

/** ALREADY_EXISTS, or FAILED_PRECONDITION while it rests, for an address that was requested. */
export function requestedNotFree(pool: AddressPool, address: bigint, holder: AddressHolder): Slash64Error {
  const field = pool.family === "ipv6" ? "requestedIpv6" : "requestedIpv4"
  return notFree(field, quote(pool.format(address)), "it", holder, "ask for another, or for none")
}

/**
 * Why a NIC cannot have the address of its MAC. `holder`: who has it; undefined where the network does not give it,
 * which is FAILED_PRECONDITION.
 */
export function eui64NotFree(
  { networkId, format }: AddressPool,
  { mac, wanted }: { readonly mac: MacAddress; readonly wanted: bigint },
  holder: AddressHolder | undefined,
): Slash64Error {
  const address = format(wanted)
  const otherwise = "give the NIC another MAC, or ask for an address"
  if (holder !== undefined) return notFree("mac", quote(mac), `its EUI-64 address ${address}`, holder, otherwise)
  return new Slash64Error(
    "FAILED_PRECONDITION",
    `mac ${quote(mac)}: network ${networkId} does not hand out its EUI-64 address ${address}`,
    { field: "mac", value: quote(mac), hint: `${otherwise}, or add a range to the network that holds this one` },
  )
}

function policyOrder({ space, whole, choice, networkId, family }: AddressPool, taker: AddressTaker): AddressOrder {
  switch (choice.policy) {
    case "stable":
      return stableOrder(space, { secret: taker.secret, networkId, nicId: taker.nicId, family }, whole)
    case "eui64":
      return onlyOrder(space, choice.addressOf(taker.mac))
    case "sequential":
      return sequentialOrder(space, choice.cursor)
    case "random":
      return randomOrder(space)
  }
}

function notFree(field: string, value: string, what: string, holder: AddressHolder, hint: string): Slash64Error {
  const { nicId, freeAfter } = holder
  if (freeAfter === undefined)
    return new Slash64Error("ALREADY_EXISTS", `${field} ${value}: NIC ${nicId} has ${what}`, { field, value, hint })
  const until = new Date(freeAfter * 1000).toISOString()
  return new Slash64Error(
    "FAILED_PRECONDITION",
    `${field} ${value}: NIC ${nicId} had ${what}, and it rests until ${until}`,
    { field, value, hint: `${hint}, or repeat after that time` },
  )
}

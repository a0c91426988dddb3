import { Slash64Error, quote } from "../errors.ts"
import { allocateAddress } from "./address-allocator.ts"
import type { AddressQuestion } from "./address-allocator.ts"
import { poolOrder } from "./address-pool.ts"
import type { AddressPool, AddressTaker } from "./address-pool.ts"
import { firstAddressFrom } from "./address-space.ts"
import type { AddressSpace } from "./address-space.ts"

export interface AllocatedForAll {
  /** By the NIC's id. */
  readonly addresses: ReadonlyMap<string, bigint>
  /** Where `sequential` goes on. */
  readonly cursor: bigint
}

/**
 * An address for each of `takers`, in their order, of a pool of which nobody holds any yet: the first one gets what it
 * would get as the network's first NIC. Pure. RESOURCE_EXHAUSTED, with the counts, where they do not suffice.
 */
export function allocateForAll(pool: AddressPool, takers: readonly AddressTaker[]): AllocatedForAll {
  if (BigInt(takers.length) > pool.space.capacity) throw tooFew(pool, takers.length)
  const held = new Set<bigint>()
  const addresses = new Map<string, bigint>()
  let cursor = 0n
  for (const taker of takers) {
    const steps = allocateAddress(poolOrder(atCursor(pool, cursor), taker, []))
    let step = steps.next()
    while (step.done !== true) step = steps.next(answer(pool.space, held, step.value))
    if (step.value === undefined) throw tooFew(pool, takers.length)
    held.add(step.value)
    addresses.set(taker.nicId, step.value)
    cursor = step.value + 1n
  }
  return { addresses, cursor }
}

function atCursor(pool: AddressPool, cursor: bigint): AddressPool {
  return pool.choice.policy === "sequential" ? { ...pool, choice: { policy: "sequential", cursor } } : pool
}

function answer(space: AddressSpace, held: ReadonlySet<bigint>, question: AddressQuestion): bigint | undefined {
  switch (question.ask) {
    case "take":
      return held.has(question.address) ? undefined : question.address
    case "gap": {
      let address = firstAddressFrom(space, question.from)
      while (address !== undefined && held.has(address)) address = firstAddressFrom(space, address + 1n)
      return address
    }
  }
}

function tooFew({ networkId, family, space: { capacity } }: AddressPool, needed: number): Slash64Error {
  return new Slash64Error(
    "RESOURCE_EXHAUSTED",
    `network ${networkId}: ${family} would have ${capacity} addresses for guests, and ${needed} NICs need one each`,
    {
      field: family,
      value: quote(networkId),
      hint: "give a larger range, or detach NICs; nothing was changed",
      native: { capacity: String(capacity), needed: String(needed) },
    },
  )
}

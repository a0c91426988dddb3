import type { AddressOrder } from "./address-policy.ts"

/**
 * What the allocator asks of a store, which answers by its unique index within the transaction of the claim:
 * `take`: the address when it was free and is now the NIC's, else undefined;
 * `gap`: the lowest address from `from` on that may be handed out and is free, else undefined.
 */
export type AddressQuestion =
  { readonly ask: "take"; readonly address: bigint } | { readonly ask: "gap"; readonly from: bigint }

/**
 * Proposes addresses until the store has taken one, and returns it; undefined when no address is left. It only asks,
 * so that a store which answers at once and one which answers later drive the same code.
 */
export function* allocateAddress(
  order: AddressOrder,
): Generator<AddressQuestion, bigint | undefined, bigint | undefined> {
  for (const address of order.proposals) {
    if ((yield { ask: "take", address }) !== undefined) return address
  }
  if (order.walkFrom === undefined) return undefined
  for (const from of [order.walkFrom, 0n]) {
    let gap = yield { ask: "gap", from }
    while (gap !== undefined) {
      if ((yield { ask: "take", address: gap }) !== undefined) return gap
      gap = yield { ask: "gap", from: gap + 1n }
    }
  }
  return undefined
}

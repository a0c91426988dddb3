import type { NetworkChange, SharedNetwork, Store } from "@slash64/core"
import { network } from "./store-bench.ts"

export type Family = "ipv6" | "ipv4"

/** Each side has 16 addresses for guests in its range, less gateway and router VM at its start: 14. */
export const sides = {
  ipv6: { prefix: "2001:db8::/64", gateway: "2001:db8::1", range: "2001:db8::1-2001:db8::10" },
  ipv4: { prefix: "192.0.2.0/24", gateway: "192.0.2.1", range: "192.0.2.1-192.0.2.16" },
}
export const capacity = 14
/** Ranges with two addresses for guests. */
export const two = { ipv6: "2001:db8::1-2001:db8::4", ipv4: "192.0.2.1-192.0.2.4" }
export const directions = [
  { had: "ipv4", added: "ipv6" },
  { had: "ipv6", added: "ipv4" },
] as const

/** The network with one family, and the change that gives it the other. */
export function oneFamily(had: Family, change: object = {}): SharedNetwork {
  return network({ ipv6: undefined, ipv4: undefined, [had]: sides[had], ...change })
}

export const addition = (added: Family, more: object = {}): NetworkChange => ({ [added]: { ...sides[added], ...more } })

export async function detach(store: Store, id: string): Promise<void> {
  await store.markNic(id, "leaving")
  await store.freeNic(id)
}

import { hash } from "node:crypto"
import { join } from "node:path"
import { openSqliteStore, planNetwork, planNic } from "@slash64/core"
import type { Ipv6Address, SharedNetwork, Store } from "@slash64/core"
import { runCallers } from "./run-callers.ts"

/** One network with the default policy, as a bench claims on it. */
export function benchNetwork(change: object = {}): SharedNetwork {
  return planNetwork({
    name: "bench",
    attachment: { kind: "isolated" },
    ipv6: { prefix: "2001:db8::/64", gateway: "2001:db8::1" },
    quarantineSeconds: 0,
    ...change,
  })
}

/** A SQLite store in the directory, as a server opens it. */
export function openBenchStore(directory: string): Promise<Store> {
  return openSqliteStore({ file: join(directory, "slash64.db"), secret: new Uint8Array(32).fill(7) })
}

/** Claims NIC `number` through the public API, for a VM of its own. */
export async function claimNumber(store: Store, network: SharedNetwork, number: number): Promise<Ipv6Address> {
  const { id, vmId } = idsOf(number)
  const { ipv6 } = await store.claimNic(planNic({ id, host: "h1", vmId }, network))
  if (ipv6 === undefined) throw new Error(`NIC ${id} got no address`)
  return ipv6
}

/** Claims NICs from number `first` to `last`, through so many callers at once. */
export async function claimNumbers(
  store: Store,
  network: SharedNetwork,
  { first, last, callers }: { readonly first: number; readonly last: number; readonly callers: number },
): Promise<void> {
  await runCallers(callers, [first, last - first + 1], async (number) => {
    await claimNumber(store, network, number)
  })
}

/** Gives NIC `number` and its address back. */
export async function freeNumber(store: Store, number: number): Promise<void> {
  const { id } = idsOf(number)
  await store.markNic(id, "leaving")
  await store.freeNic(id)
}

/** UUIDs as clouds give them: numbers that rise would fall beside one another in every index. */
function idsOf(number: number): { readonly id: string; readonly vmId: string } {
  const digits = hash("sha256", String(number))
  return { id: uuidAt(digits, 0), vmId: uuidAt(digits, 32) }
}

function uuidAt(digits: string, start: number): string {
  const part = (from: number, to: number) => digits.slice(start + from, start + to)
  return `${part(0, 8)}-${part(8, 12)}-${part(12, 16)}-${part(16, 20)}-${part(20, 32)}`
}

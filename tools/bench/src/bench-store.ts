import { join } from "node:path"
import { openSqliteStore, planNetwork, planNic } from "@slash64/core"
import type { Ipv6Address, SharedNetwork, Store } from "@slash64/core"

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
  const vmId = `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`
  const { ipv6 } = await store.claimNic(planNic({ id: nicId(number), host: "h1", vmId }, network))
  if (ipv6 === undefined) throw new Error(`NIC ${nicId(number)} got no address`)
  return ipv6
}

/** Gives NIC `number` and its address back. */
export async function freeNumber(store: Store, number: number): Promise<void> {
  await store.markNic(nicId(number), "leaving")
  await store.freeNic(nicId(number))
}

function nicId(number: number): string {
  return `nic-${number}`
}

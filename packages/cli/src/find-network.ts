import { Slash64Error, quote } from "@slash64/core"
import type { SharedNetwork, Store } from "@slash64/core"

/** NOT_FOUND when no network has this id or name. */
export async function findNetwork(store: Store, idOrName: string): Promise<SharedNetwork> {
  const network = await store.findNetwork(idOrName)
  if (network !== undefined) return network
  throw new Slash64Error("NOT_FOUND", `network ${quote(idOrName)} does not exist`, {
    field: "network",
    value: quote(idOrName),
    hint: "List the networks: slash64 network list.",
  })
}

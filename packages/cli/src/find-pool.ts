import { Slash64Error, quote } from "@slash64/core"
import type { PrefixPool, Store } from "@slash64/core"

/** NOT_FOUND when no pool has this id or name. */
export async function findPool(store: Store, idOrName: string): Promise<PrefixPool> {
  const pool = await store.findPool(idOrName)
  if (pool !== undefined) return pool
  throw new Slash64Error("NOT_FOUND", `pool ${quote(idOrName)} does not exist`, {
    field: "pool",
    value: quote(idOrName),
    hint: "List the pools: slash64 pool list.",
  })
}

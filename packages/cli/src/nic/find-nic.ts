import { Slash64Error, quote } from "@slash64/core"
import type { Nic, Store } from "@slash64/core"

/** NOT_FOUND when no NIC has this id. */
export async function findNic(store: Store, id: string): Promise<Nic> {
  const nic = await store.findNic(id)
  if (nic !== undefined) return nic
  throw new Slash64Error("NOT_FOUND", `NIC ${quote(id)} does not exist`, {
    field: "nic",
    value: quote(id),
    hint: "List the NICs: slash64 nic list.",
  })
}

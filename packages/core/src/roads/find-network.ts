import { Slash64Error, quote } from "../errors.ts"
import type { SharedNetwork } from "../network/records.ts"
import type { Rooms } from "./rooms.ts"

/** NOT_FOUND when no network has this id or name. */
export async function findNetwork(idOrName: string, rooms: Rooms): Promise<SharedNetwork> {
  const network = await rooms.store.findNetwork(idOrName)
  if (network !== undefined) return network
  throw new Slash64Error("NOT_FOUND", `network ${quote(idOrName)} does not exist`, {
    field: "network",
    value: quote(idOrName),
    hint: "List them with `slash64 network list`, or create it with `slash64 network create`.",
  })
}

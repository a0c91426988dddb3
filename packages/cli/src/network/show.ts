import type { AddressCounts } from "@slash64/core"
import type { Answer } from "../answer.ts"
import { findNetwork } from "../find-network.ts"
import { card } from "../output/table.ts"
import type { Session } from "../session.ts"
import { networkCard } from "./network-card.ts"

/** The record, its router, and the counts of its addresses: text in JSON, since they do not fit a JSON number. */
export async function show(session: Session, idOrName: string): Promise<Answer> {
  const store = await session.store()
  const network = await findNetwork(store, idOrName)
  const [router, { ipv6, ipv4 }] = await Promise.all([store.findRouter(network.id), store.countAddresses(network.id)])
  const standing = card({
    router: router === undefined ? "none" : `${router.state} on ${router.host}`,
    "ipv6 addresses": ipv6 && countsText(ipv6),
    "ipv4 addresses": ipv4 && countsText(ipv4),
  })
  const counts = { ...(ipv6 && { ipv6: countsJson(ipv6) }), ...(ipv4 && { ipv4: countsJson(ipv4) }) }
  return {
    json: { network, ...(router !== undefined && { router }), counts },
    text: `${networkCard(network)}\n${standing}`,
  }
}

function countsText({ capacity, held, resting, free, heldExcluded }: AddressCounts): string {
  const excluded = heldExcluded === 0n ? "" : `; ${heldExcluded} held that are excluded`
  return `${capacity} in all: ${held} held, ${resting} at rest, ${free} free${excluded}`
}

function countsJson(counts: AddressCounts): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, String(count)]))
}

import { parseUuid } from "@slash64/core"
import type { Answer } from "../answer.ts"
import { findNetwork } from "../find-network.ts"
import { table } from "../output/table.ts"
import type { Session } from "../session.ts"

export interface ListOptions {
  readonly network?: string | undefined
  readonly vm?: string | undefined
}

export async function list(session: Session, options: ListOptions): Promise<Answer> {
  const store = await session.store()
  const network = options.network === undefined ? undefined : await findNetwork(store, options.network)
  const nics = await store.listNics({
    ...(network !== undefined && { networkId: network.id }),
    ...(options.vm !== undefined && { vmId: parseUuid("--vm", options.vm) }),
  })
  const headings = ["nic", "network", "vm", "host", "mac", "ipv6", "ipv4", "state"]
  const rows = nics.map((nic) => [nic.id, nic.networkId, nic.vmId, nic.host, nic.mac, nic.ipv6, nic.ipv4, nic.state])
  return { json: { nics }, text: table(headings, rows, "no NICs") }
}

import { parseUuid } from "@slash64/core"
import type { Answer } from "../answer.ts"
import { findNetwork } from "../find-network.ts"
import { readPage } from "../output/page.ts"
import type { PageOptions } from "../output/page.ts"
import { table } from "../output/table.ts"
import type { Session } from "../session.ts"

export interface ListOptions extends PageOptions {
  readonly network?: string | undefined
  readonly vm?: string | undefined
}

export async function list(session: Session, options: ListOptions): Promise<Answer> {
  const store = await session.store()
  const network = options.network === undefined ? undefined : await findNetwork(store, options.network)
  const filter = {
    ...(network !== undefined && { networkId: network.id }),
    ...(options.vm !== undefined && { vmId: parseUuid("--vm", options.vm) }),
  }
  const page = await readPage(
    options,
    (part) => store.listNics({ ...filter, ...part }),
    (nic) => nic.id,
  )
  const headings = ["nic", "network", "vm", "host", "mac", "ipv6", "ipv4", "state"]
  const rows = page.rows.map(({ id, networkId, vmId, host, mac, ipv6, ipv4, state }) => [
    id,
    networkId,
    vmId,
    host,
    mac,
    ipv6,
    ipv4,
    state,
  ])
  return { json: { nics: page.rows, ...page.next }, text: `${table(headings, rows, "no NICs")}${page.more}` }
}

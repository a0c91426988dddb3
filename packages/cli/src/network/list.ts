import { segmentOf } from "@slash64/core"
import type { Answer } from "../answer.ts"
import { readPage } from "../output/page.ts"
import type { PageOptions } from "../output/page.ts"
import { table } from "../output/table.ts"
import type { Session } from "../session.ts"

export async function list(session: Session, options: PageOptions): Promise<Answer> {
  const store = await session.store()
  const {
    rows: networks,
    next,
    more,
  } = await readPage(
    options,
    (page) => store.listNetworks(page),
    (one) => one.name,
  )
  const text = table(
    ["name", "ipv6", "ipv4", "attachment", "ra"],
    networks.map(({ name, ipv6, ipv4, attachment }) => [
      name,
      ipv6?.prefix,
      ipv4?.prefix,
      segmentOf(attachment) ?? attachment.kind,
      ipv6?.ra,
    ]),
    "no networks: make one with slash64 network create",
  )
  return { json: { networks, ...next }, text: `${text}${more}` }
}

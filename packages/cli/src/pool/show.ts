import { parsePrefix64 } from "@slash64/core"
import type { Answer } from "../answer.ts"
import { findPool } from "../find-pool.ts"
import { readPage } from "../output/page.ts"
import type { PageOptions } from "../output/page.ts"
import { card, table } from "../output/table.ts"
import type { Session } from "../session.ts"
import { countsAsText, poolCard } from "./pool-card.ts"

export async function show(session: Session, idOrName: string, options: PageOptions): Promise<Answer> {
  const store = await session.store()
  const pool = await findPool(store, idOrName)
  const counts = countsAsText(await store.countPrefixes(pool.id))
  const { rows, next, more } = await readPage(
    options,
    ({ after, ...page }) =>
      store.listPrefixes(pool.id, { ...page, ...(after !== undefined && { after: parsePrefix64("--after", after) }) }),
    ({ prefix }) => prefix,
  )
  const held = rows.map(({ prefix, holder }) => [prefix, `${holder.kind} ${holder.id}`])
  return {
    json: { pool, counts, prefixes: rows, ...next },
    text: [poolCard(pool), card(counts), `${table(["prefix", "holder"], held, "no /64 is held here")}${more}`].join(
      "\n\n",
    ),
  }
}

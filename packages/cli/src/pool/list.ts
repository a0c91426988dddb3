import type { PrefixPool, Store } from "@slash64/core"
import type { Answer } from "../answer.ts"
import { table } from "../output/table.ts"
import type { Session } from "../session.ts"
import { countsAsText } from "./pool-card.ts"

export async function list(session: Session): Promise<Answer> {
  const store = await session.store()
  const pools = await Promise.all((await store.listPools()).map((pool) => withCounts(store, pool)))
  const rows = pools.map(({ name, prefix, policy, counts }) => [name, prefix, policy, counts["held"], counts["free"]])
  return {
    json: { pools },
    text: table(["name", "prefix", "policy", "held", "free"], rows, "no pools: make one with slash64 pool create"),
  }
}

async function withCounts(store: Store, pool: PrefixPool) {
  return { ...pool, counts: countsAsText(await store.countPrefixes(pool.id)) }
}

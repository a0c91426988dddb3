import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { planPool, planPrefixClaim } from "@slash64/core"
import type { PrefixPool, Store } from "@slash64/core"
import { openBenchStore } from "../bench-store.ts"
import { mustCount, timed } from "../measure.ts"
import type { Bench, Measure, Sample } from "../measure.ts"
import { runCallers } from "../run-callers.ts"

const callers = 64
const carved = 5_000
/** Of a /48's 65,536. */
const nearlyAll = 60_000
const few = 100
const more = 320

/** metal-stack/go-ipam in memory; there is no package of it that the bench could install. */
const goIpam = {
  name: "go-ipam in memory",
  recorded: [533, 616],
  source: "recorded on another machine (2 cores, Debian 12), not in this run",
}

export const carvePrefixes: Measure = {
  id: "P6",
  title: "/64s out of a /48",
  async run(bench) {
    const store = await openBenchStore(bench.directory)
    const raw = openRaw(bench.directory)
    try {
      for (const policy of ["sequential", "stable"] as const) await comparePolicy(store, raw, policy, bench)
    } finally {
      raw.close()
      await store.close()
    }
    bench.note(
      `${callers} callers at once, each waiting until its own /64 is durable; go-ipam in memory keeps nothing.`,
    )
  },
}

async function comparePolicy(store: Store, raw: Raw, policy: PrefixPool["policy"], bench: Bench): Promise<void> {
  const carve = {
    name: `claimPrefix, ${callers} callers, durable`,
    run: async () => carveRound(store, await newPool(store, policy), 0, carved),
  }
  const title = `the first ${carved.toLocaleString("en-US")}, ${policy}`
  await bench.compare({ title, by: "speed", target: 50, ours: carve, peer: goIpam })
  const limit = { name: `INSERT of rows of the same size, ${callers} a commit`, run: () => rawRound(raw) }
  await bench.compare({ title, by: "speed", ours: carve, peer: limit })

  bench.progress(`${policy}: filling a /48`)
  const [full, empty] = [await newPool(store, policy), await newPool(store, policy)]
  await carveRound(store, full, 0, nearlyAll)
  await carveRound(store, empty, 0, few)
  const held = (pool: PrefixPool, count: number) => ({
    name: `claimPrefix at ${count.toLocaleString("en-US")} held`,
    run: () => holdRound(store, pool, count),
  })
  await bench.compare({
    title: `the ${nearlyAll.toLocaleString("en-US")}th against the ${few}th, ${policy}`,
    by: "cost",
    target: 1.5,
    ours: held(full, nearlyAll),
    peer: held(empty, few),
  })
}

let pools = 0
function newPool(store: Store, policy: PrefixPool["policy"]): Promise<PrefixPool> {
  const prefix = `2001:db8:${(++pools).toString(16)}::/48`
  return store.createPool(planPool({ name: `pool-${pools}`, prefix, policy, quarantineSeconds: 0 }))
}

async function carveRound(store: Store, pool: PrefixPool, held: number, count: number): Promise<Sample> {
  const prefixes = new Set<string>()
  const sample = await timed(count, () =>
    runCallers(callers, [held, count], async (number) => {
      const { pool: poolId, ...asked } = planPrefixClaim({ pool: pool.id, holder: holder(number) })
      prefixes.add((await store.claimPrefix({ ...asked, poolId })).prefix)
    }),
  )
  const start = pool.prefix.replace("::/48", ":")
  mustCount(`distinct /64s of ${pool.prefix}`, [...prefixes].filter((prefix) => prefix.startsWith(start)).length, count)
  mustCount("held /64s", (await store.countPrefixes(pool.id)).held, held + count)
  return sample
}

async function holdRound(store: Store, pool: PrefixPool, held: number): Promise<Sample> {
  const sample = await carveRound(store, pool, held, more)
  await runCallers(callers, [held, more], (number) => store.releasePrefix(pool.id, holder(number)))
  return sample
}

function holder(number: number): string {
  return `network-${number}`
}

type Raw = ReturnType<typeof openRaw>

function openRaw(directory: string) {
  const database = new DatabaseSync(join(directory, "raw.db"))
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE prefixes (pool_id TEXT NOT NULL, slot INTEGER NOT NULL, holder TEXT NOT NULL) STRICT;
  `)
  const insert = database.prepare("INSERT INTO prefixes VALUES ('pool-1', ?, ?)")
  return {
    insert: (number: number) => insert.run(number, holder(number)),
    exec: (sql: string) => database.exec(sql),
    close: () => database.close(),
  }
}

function rawRound(raw: Raw): Promise<Sample> {
  return timed(carved, () => {
    for (let first = 0; first < carved; first += callers) {
      raw.exec("BEGIN IMMEDIATE")
      for (let number = first; number < Math.min(first + callers, carved); number++) raw.insert(number)
      raw.exec("COMMIT")
    }
  })
}

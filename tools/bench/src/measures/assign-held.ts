import { mkdir, rm, stat } from "node:fs/promises"
import { join } from "node:path"
import type { SharedNetwork, Store } from "@slash64/core"
import { benchNetwork, claimNumber, claimNumbers, openBenchStore } from "../bench-store.ts"
import { mustCount, timed } from "../measure.ts"
import type { Bench, Measure, Sample } from "../measure.ts"

const [few, many] = [1_000, 1_000_000]
/** More claims than the journal holds at most (65,536 pages, six or seven a claim): a checkpoint is in each round. */
const manyClaims = 12_000
const fewClaims = 1_000

export const assignHeld: Measure = {
  id: "P3",
  title: "durable assign with a million held",
  async run(bench) {
    const store = await openBenchStore(bench.directory)
    const network = benchNetwork()
    await store.createNetwork(network)
    try {
      const seconds = await fill(bench, store, network)
      let nics = many
      await bench.compare({
        title: "mean of a claim, checkpoints included",
        by: "cost",
        target: 1.5,
        ours: {
          name: "claimNic at 1,000,000 held",
          run: async () => {
            const sample = await claimFrom(store, network, nics, manyClaims)
            nics += manyClaims
            return sample
          },
        },
        peer: { name: "claimNic at 1,000 held", run: () => claimAtFew(bench, network) },
      })
      const held = (await store.countAddresses(network.id)).ipv6?.held ?? 0n
      mustCount("held addresses", held, nics)
      bench.note(
        `${held.toLocaleString("en-US")} held: ${await sizes(bench.directory)}, ${MiB(process.memoryUsage().rss)} ` +
          `resident in this process. Filled by 128 callers at ${Math.round(many / seconds).toLocaleString("en-US")} claims/s.`,
      )
    } finally {
      await store.close()
    }
  },
}

async function fill(bench: Bench, store: Store, network: SharedNetwork): Promise<number> {
  const startedAt = performance.now()
  const step = 20_000
  for (let held = 0; held < many; held += step) {
    bench.signal.throwIfAborted()
    bench.progress(`filling: ${held.toLocaleString("en-US")} held`)
    await claimNumbers(store, network, { first: held + 1, last: held + step, callers: 128 })
  }
  return (performance.now() - startedAt) / 1000
}

/** On a new store each time: what it holds stays few. */
async function claimAtFew(bench: Bench, network: SharedNetwork): Promise<Sample> {
  const directory = join(bench.directory, "few")
  await mkdir(directory)
  const store = await openBenchStore(directory)
  try {
    await store.createNetwork(network)
    await claimNumbers(store, network, { first: 1, last: few, callers: 64 })
    return await claimFrom(store, network, few, fewClaims)
  } finally {
    await store.close()
    await rm(directory, { recursive: true })
  }
}

function claimFrom(store: Store, network: SharedNetwork, held: number, claims: number): Promise<Sample> {
  return timed(claims, async () => {
    for (let count = 1; count <= claims; count++) await claimNumber(store, network, held + count)
  })
}

async function sizes(directory: string): Promise<string> {
  const [file, journal] = await Promise.all(["", "-wal"].map((end) => stat(join(directory, `slash64.db${end}`))))
  return `${MiB(file?.size ?? 0)} in the file and ${MiB(journal?.size ?? 0)} in its journal`
}

function MiB(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20).toLocaleString("en-US")} MiB`
}

import { benchNetwork, claimNumbers, openBenchStore } from "../bench-store.ts"
import { mustCount, timed } from "../measure.ts"
import type { Measure } from "../measure.ts"
import { openRawRows } from "../raw-rows.ts"

const callers = 64
const claims = callers * 64

export const assignMany: Measure = {
  id: "P2",
  title: "durable assign, 64 callers at once",
  async run(bench) {
    const store = await openBenchStore(bench.directory)
    const [bare, indexed] = [openRawRows(bench.directory, "bare"), openRawRows(bench.directory, "indexed")]
    const network = benchNetwork()
    await store.createNetwork(network)
    let nics = 0
    const ours = {
      name: "claimNic, each resolved when its own commit is on disk",
      run: () => {
        const [first, last] = [nics + 1, nics + claims]
        nics = last
        return timed(claims, () => claimNumbers(store, network, { first, last, callers }))
      },
    }
    const peer = (name: string, rows: typeof bare) => ({
      name,
      run: () =>
        timed(claims, () => {
          for (let count = 0; count < claims; count += callers) rows.insert(callers)
        }),
    })
    try {
      await bench.compare({
        title: "claims of 64 callers",
        by: "speed",
        target: 0.5,
        ours,
        peer: peer("INSERT of 64 rows a commit, WAL, synchronous=FULL", bare),
      })
      await bench.compare({
        title: "claims of 64 callers",
        by: "speed",
        ours,
        peer: peer("the same INSERT with four unique indexes", indexed),
      })
      mustCount("held addresses", (await store.countAddresses(network.id)).ipv6?.held ?? 0n, nics)
      for (const rows of [bare, indexed]) mustCount("raw rows", rows.count(), rows.inserted)
    } finally {
      for (const rows of [bare, indexed]) rows.close()
      await store.close()
    }
  },
}

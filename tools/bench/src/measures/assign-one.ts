import { benchNetwork, claimNumber, openBenchStore } from "../bench-store.ts"
import { mustCount, timed } from "../measure.ts"
import type { Measure } from "../measure.ts"
import { openRawRows } from "../raw-rows.ts"

const claims = 1000

export const assignOne: Measure = {
  id: "P1",
  title: "durable assign, one caller",
  async run(bench) {
    const store = await openBenchStore(bench.directory)
    const [bare, indexed] = [openRawRows(bench.directory, "bare"), openRawRows(bench.directory, "indexed")]
    const network = benchNetwork()
    await store.createNetwork(network)
    const addresses = new Set<string>()
    let nics = 0
    const ours = {
      name: "claimNic",
      run: () =>
        timed(claims, async () => {
          for (let count = 0; count < claims; count++) addresses.add(await claimNumber(store, network, ++nics))
        }),
    }
    const peer = (name: string, rows: typeof bare) => ({
      name,
      run: () =>
        timed(claims, () => {
          for (let count = 0; count < claims; count++) rows.insert(1)
        }),
    })
    try {
      await bench.compare({
        title: "claims in a row",
        by: "speed",
        target: 0.8,
        ours,
        peer: peer("INSERT of one row, WAL, synchronous=FULL", bare),
      })
      await bench.compare({
        title: "claims in a row",
        by: "speed",
        ours,
        peer: peer("the same INSERT with four unique indexes", indexed),
      })
      mustCount("distinct addresses", addresses.size, nics)
      mustCount("held addresses", (await store.countAddresses(network.id)).ipv6?.held ?? 0n, nics)
      for (const rows of [bare, indexed]) mustCount("raw rows", rows.count(), rows.inserted)
    } finally {
      for (const rows of [bare, indexed]) rows.close()
      await store.close()
    }
  },
}

import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { benchNetwork, claimNumber, openBenchStore } from "../bench-store.ts"
import { mustCount, timed } from "../measure.ts"
import type { Bench, Measure } from "../measure.ts"

const claims = 1000

export const assignOne: Measure = {
  id: "P1",
  title: "durable assign, one caller",
  async run(bench) {
    const store = await openBenchStore(bench.directory)
    const raw = openRaw(bench)
    const network = benchNetwork()
    await store.createNetwork(network)
    const addresses = new Set<string>()
    let [nics, rows] = [0, 0]
    try {
      await bench.compare({
        title: "claims in a row",
        by: "speed",
        target: 0.8,
        ours: {
          name: "claimNic",
          run: () =>
            timed(claims, async () => {
              for (let count = 0; count < claims; count++) addresses.add(await claimNumber(store, network, ++nics))
            }),
        },
        peer: {
          name: "INSERT of one row, WAL, synchronous=FULL",
          run: () =>
            timed(claims, () => {
              for (let count = 0; count < claims; count++) raw.insert(++rows)
            }),
        },
      })
      mustCount("distinct addresses", addresses.size, nics)
      mustCount("held addresses", (await store.countAddresses(network.id)).ipv6?.held ?? 0n, nics)
      mustCount("raw rows", raw.count(), rows)
    } finally {
      raw.close()
      await store.close()
    }
  },
}

function openRaw({ directory }: Bench) {
  const database = new DatabaseSync(join(directory, "raw.db"))
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE claims (nic_id TEXT NOT NULL, network_id TEXT NOT NULL, address BLOB NOT NULL) STRICT;
  `)
  const insert = database.prepare("INSERT INTO claims VALUES (?, 'bench', ?)")
  return {
    insert: (number: number) => insert.run(`nic-${number}`, crypto.getRandomValues(new Uint8Array(16))),
    count: () => Number(database.prepare("SELECT count(*) AS n FROM claims").get()?.["n"]),
    close: () => database.close(),
  }
}

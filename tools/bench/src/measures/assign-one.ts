import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { openSqliteStore, planNetwork, planNic } from "@slash64/core"
import { mustCount, timed } from "../measure.ts"
import type { Bench, Measure } from "../measure.ts"

const claims = 1000

export const assignOne: Measure = {
  id: "P1",
  title: "durable assign, one caller",
  async run(bench) {
    const store = await openSqliteStore({ file: join(bench.directory, "slash64.db"), secret: new Uint8Array(32) })
    const raw = openRaw(bench)
    const network = planNetwork({
      name: "bench",
      attachment: { kind: "isolated" },
      ipv6: { prefix: "2001:db8::/64", gateway: "2001:db8::1" },
    })
    await store.createNetwork(network)
    const addresses = new Set<string | undefined>()
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
              for (let count = 0; count < claims; count++) {
                const claim = planNic({ id: `nic-${++nics}`, host: "h1", vmId: vm(nics) }, network)
                addresses.add((await store.claimNic(claim)).ipv6)
              }
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

function vm(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`
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

import { join } from "node:path"
import type { SharedNetwork, Store } from "@slash64/core"
import { z } from "zod"
import { benchNetwork, claimNumber, claimNumbers, freeNumber, openBenchStore } from "../bench-store.ts"
import { JsonChild } from "../json-child.ts"
import { mustCount, timed } from "../measure.ts"
import type { Bench, Measure, Sample } from "../measure.ts"
import { installNeutron, neutronPython } from "../neutron/install-neutron.ts"
import type { Neutron } from "../neutron/install-neutron.ts"

const script = join(import.meta.dirname, "../../files/neutron-ipam.py")
const settings = z.object({ sqlite: z.string(), python: z.string(), journal_mode: z.string(), synchronous: z.number() })
const filled = z.object({ held: z.number() })
const allocated = z.object({ seconds: z.number(), distinct: z.number(), held: z.number() })

/** Neutron slows down with what is held, so it does less in a round. */
const fills = [
  { held: 0, target: 50, ours: 500, peer: 30 },
  { held: 1_000, target: 100, ours: 500, peer: 10 },
  { held: 10_000, target: 1_000, ours: 500, peer: 3 },
] as const

export const neutron: Measure = {
  id: "P4",
  alias: "neutron",
  title: "automatic addresses against Neutron's IPAM driver, both on SQLite",
  async run(bench) {
    const installed = await installNeutron(bench.progress, bench.signal).catch((error: unknown) => {
      bench.signal.throwIfAborted()
      bench.skip(`Debian's python3-neutron could not be installed: ${String(error)}`)
    })
    if (installed !== undefined) await compareWith(installed, bench)
  },
}

async function compareWith(installed: Neutron, bench: Bench): Promise<void> {
  await using shipped = startDriver(installed, bench, "DELETE")
  await using tuned = startDriver(installed, bench, "WAL")
  const { sqlite, python, journal_mode: journal, synchronous } = settings.parse(await shipped.hear())
  settings.extend({ journal_mode: z.literal("wal") }).parse(await tuned.hear())
  const store = await openBenchStore(bench.directory)
  const network = benchNetwork()
  await store.createNetwork(network)
  try {
    let held = 0
    for (const fill of fills) {
      const title = fill.held === 0 ? "empty" : `at ${fill.held.toLocaleString("en-US")} held`
      bench.progress(`${title}: filling`)
      await claimNumbers(store, network, { first: held, last: fill.held - 1, callers: 64 })
      held = fill.held
      await refill(shipped, held)
      const ours = { name: "claimNic, one caller", run: () => claimRound(store, network, held, fill.ours) }
      const peer = { name: "NeutronDbSubnet.allocate", run: () => allocateRound(shipped, held, fill.peer) }
      await bench.compare({ title, by: "speed", target: fill.target, ours, peer })
      if (held > 0) continue
      await refill(tuned, held)
      const withWal = { name: `${peer.name}, given WAL`, run: () => allocateRound(tuned, held, fill.peer) }
      await bench.compare({ title, by: "speed", ours, peer: withWal })
    }
  } finally {
    await store.close()
  }
  bench.note(
    `python3-neutron ${installed.version} on Python ${python} and SQLite ${sqlite}, one caller, each allocation a ` +
      `transaction that is on disk: journal_mode=${journal}, synchronous=${synchronous} (2 is FULL), as Neutron leaves ` +
      "them. Given a write-ahead log as ours has, which Neutron never asks for, it waits less for the disk; at 1,000 " +
      "held and more it waits for its own loading of every allocation.",
  )
}

function startDriver(installed: Neutron, { directory }: Bench, journal: "DELETE" | "WAL"): JsonChild {
  const { words, env } = neutronPython(installed)
  return new JsonChild([...words, script, join(directory, `neutron-${journal}.db`), journal], env)
}

async function refill(driver: JsonChild, held: number): Promise<void> {
  mustCount("Neutron's held addresses", filled.parse(await driver.ask(`fill ${held}`)).held, held)
}

async function claimRound(store: Store, network: SharedNetwork, held: number, count: number): Promise<Sample> {
  const addresses = new Set<string>()
  const sample = await timed(count, async () => {
    for (let number = held; number < held + count; number++) addresses.add(await claimNumber(store, network, number))
  })
  mustCount("distinct addresses", addresses.size, count)
  mustCount("held addresses", (await store.countAddresses(network.id)).ipv6?.held ?? 0n, held + count)
  await Promise.all(Array.from({ length: count }, (_, index) => freeNumber(store, held + index)))
  return sample
}

async function allocateRound(driver: JsonChild, held: number, count: number): Promise<Sample> {
  const answer = allocated.parse(await driver.ask(`allocate ${count}`))
  mustCount("Neutron's distinct addresses", answer.distinct, count)
  mustCount("Neutron's held addresses", answer.held, held + count)
  return { operations: count, seconds: answer.seconds }
}

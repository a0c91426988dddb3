import { Gauge } from "prom-client"
import type { Registry } from "prom-client"
import { isSlash64Error } from "../errors.ts"
import type { NetworkCounts, Store } from "../store/store.ts"

const families = ["ipv6", "ipv4"] as const
const states = ["capacity", "held", "resting", "free"] as const

/** One figure: of one network and family. */
interface Figure {
  readonly network: string
  readonly family: (typeof families)[number]
  readonly state: (typeof states)[number]
  readonly count: bigint
}

interface Reading {
  readonly networks: number
  readonly figures: readonly Figure[]
}

/** Gauges of networks and their addresses, read from the store when they are scraped. */
export function measureAddresses(registry: Registry, store: Store, eachNetwork: boolean): void {
  const registers = [registry]
  // The gauges of a scrape are collected at once, and share what is read.
  let reading: Promise<Reading | undefined> | undefined
  const read = async (): Promise<Reading | undefined> => {
    reading ??= readStore(store)
    try {
      return await reading
    } finally {
      reading = undefined
    }
  }
  const labels = (figure: Figure): Record<string, string> => {
    const { network, family, state } = figure
    return eachNetwork ? { network, family, state } : { family, state }
  }
  void new Gauge({
    name: "slash64_store_up",
    help: "1 when the store could be read for this scrape, else 0.",
    registers,
    async collect() {
      this.set((await read()) === undefined ? 0 : 1)
    },
  })
  void new Gauge({
    name: "slash64_networks",
    help: "Networks in the store.",
    registers,
    async collect() {
      const now = await read()
      this.reset()
      if (now === undefined) this.remove()
      else this.set(now.networks)
    },
  })
  void new Gauge({
    name: "slash64_addresses",
    help: "Addresses by state: capacity is held, resting and free together.",
    labelNames: eachNetwork ? ["network", "family", "state"] : ["family", "state"],
    registers,
    async collect() {
      const now = await read()
      this.reset()
      for (const figure of now?.figures ?? []) this.inc(labels(figure), Number(figure.count))
    },
  })
}

/** Undefined where the store cannot be read. */
async function readStore(store: Store): Promise<Reading | undefined> {
  try {
    const networks = await store.listNetworks()
    const figures: Figure[] = []
    for (const { id } of networks) figures.push(...(await readNetwork(store, id)))
    return { networks: networks.length, figures }
  } catch {
    return undefined
  }
}

async function readNetwork(store: Store, network: string): Promise<readonly Figure[]> {
  const counts = await countAddresses(store, network)
  return families.flatMap((family) => {
    const of = counts[family]
    return of === undefined ? [] : states.map((state) => ({ network, family, state, count: of[state] }))
  })
}

/** Nothing for a network that was removed since the networks were listed. */
async function countAddresses(store: Store, network: string): Promise<NetworkCounts> {
  try {
    return await store.countAddresses(network)
  } catch (error) {
    if (isSlash64Error(error) && error.code === "NOT_FOUND") return {}
    throw error
  }
}

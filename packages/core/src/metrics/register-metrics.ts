import { Counter, Registry } from "prom-client"
import type { Unsubscribe } from "../events/event-feed.ts"
import type { Rooms } from "../roads/rooms.ts"
import { measureAddresses } from "./address-metrics.ts"
import { countRoads } from "./road-metrics.ts"
import { countPushes } from "./router-metrics.ts"

export interface MetricsOptions {
  /**
   * Whether each network has figures of its own: ten series a dual-stack network that has a router. Default true;
   * false gives sums alone.
   */
  readonly eachNetwork?: boolean
}

/**
 * Counts and measures what the roads of `rooms` do into a registry of prom-client, which the server serves as it
 * likes. Addresses are counted in the store at each scrape, network by network; one that cannot be read makes
 * `slash64_store_up` 0 and leaves the rest of the scrape as it is. Gives the function that ends it and takes the
 * metrics out of the registry again. Twice into one registry throws.
 */
export function registerMetrics(registry: Registry, rooms: Rooms, options: MetricsOptions = {}): Unsubscribe {
  const { eachNetwork = true } = options
  const own = new Registry()
  const missed = new Counter({
    name: "slash64_events_missed_total",
    help: "Events that came faster than they were counted: the other figures lack them.",
    registers: [own],
  })
  const counters = [countRoads(own), countPushes(own, eachNetwork)]
  measureAddresses(own, rooms.store, eachNetwork)

  const names = own.getMetricsAsArray().map(({ name }) => name)
  for (const name of names) {
    const metric = own.getSingleMetric(name)
    if (metric !== undefined) registry.registerMetric(metric)
  }
  const unsubscribe = rooms.events.subscribe((event) => {
    if (event.kind === "events-missed") missed.inc(event.missed)
    else for (const count of counters) count(event)
  })
  return async () => {
    await unsubscribe()
    for (const name of names) registry.removeSingleMetric(name)
  }
}

import { Counter, Gauge, Histogram } from "prom-client"
import type { Registry } from "prom-client"
import type { RoadEvent } from "../events/road-event.ts"

/** Seconds. */
const pushBuckets = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30]

/** The metrics of pushes to routers, into `registry`; gives what counts an event. */
export function countPushes(registry: Registry, eachNetwork: boolean): (event: RoadEvent) => void {
  const registers = [registry]
  const pushes = new Counter({
    name: "slash64_router_pushes_total",
    help: "Pushes to routers, by the code of their error, or OK.",
    labelNames: ["code"],
    registers,
  })
  const pushSeconds = new Histogram({
    name: "slash64_router_push_duration_seconds",
    help: "How long pushes to routers took, those that failed too.",
    buckets: pushBuckets,
    registers,
  })
  const pushedBytes = new Counter({
    name: "slash64_router_pushed_bytes_total",
    help: "Bytes of files sent to routers.",
    registers,
  })
  const routers = eachNetwork ? routerGauges(registry) : undefined
  return (event) => {
    if (event.kind === "router-removed") routers?.forget(event.networkId)
    if (event.kind !== "router-converged" && event.kind !== "router-not-converged") return
    pushes.inc({ code: event.kind === "router-not-converged" ? event.code : "OK" })
    pushSeconds.observe(event.durationMs / 1000)
    if (event.kind === "router-not-converged") return
    pushedBytes.inc(event.sentBytes)
    routers?.set(event.networkId, event)
  }
}

function routerGauges(registry: Registry) {
  const labels = { labelNames: ["network"], registers: [registry] }
  const generation = new Gauge({
    name: "slash64_router_generation",
    help: "The router's own generation of files, as this server's last push left it.",
    ...labels,
  })
  const revision = new Gauge({
    name: "slash64_router_revision",
    help: "The store's revision that the router serves since this server's last push.",
    ...labels,
  })
  return {
    set(network: string, is: { readonly generation: number; readonly revision: number }): void {
      generation.set({ network }, is.generation)
      revision.set({ network }, is.revision)
    },
    forget(network: string): void {
      generation.remove({ network })
      revision.remove({ network })
    },
  }
}

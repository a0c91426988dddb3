import { Counter, Histogram } from "prom-client"
import type { Registry } from "prom-client"
import { eventKinds } from "../events/road-event.ts"
import type { RoadEvent } from "../events/road-event.ts"

/** Seconds: a claim takes about a millisecond, a router's boot up to minutes. */
const claimBuckets = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.1, 0.5, 2]
const roadBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 180]

/** The metrics of roads and claims, into `registry`; gives what counts an event. */
export function countRoads(registry: Registry): (event: RoadEvent) => void {
  const registers = [registry]
  const events = new Counter({
    name: "slash64_events_total",
    help: "Events of the roads by kind: nic-claimed is a claim, addresses-exhausted one that found no address.",
    labelNames: ["kind"],
    registers,
  })
  // A rate needs the zero before the first one.
  for (const kind of eventKinds) events.inc({ kind }, 0)
  const roads = new Counter({
    name: "slash64_roads_total",
    help: "Roads taken, by the code of the error that they ended with, or OK.",
    labelNames: ["road", "code"],
    registers,
  })
  const roadSeconds = new Histogram({
    name: "slash64_road_duration_seconds",
    help: "How long roads took, those that failed too.",
    labelNames: ["road"],
    buckets: roadBuckets,
    registers,
  })
  const repeats = new Counter({
    name: "slash64_step_repeats_total",
    help: "Steps that roads did again by themselves, by the code of the error before.",
    labelNames: ["code"],
    registers,
  })
  const claimSeconds = new Histogram({
    name: "slash64_claim_duration_seconds",
    help: "How long the store took to claim a NIC's addresses durably.",
    buckets: claimBuckets,
    registers,
  })
  return (event) => {
    events.inc({ kind: event.kind })
    if (event.kind === "nic-claimed") claimSeconds.observe(event.durationMs / 1000)
    if (event.kind === "step-failed") repeats.inc({ code: event.code })
    if (event.kind !== "road-ended" && event.kind !== "road-failed") return
    roads.inc({ road: event.road, code: event.kind === "road-failed" ? event.code : "OK" })
    roadSeconds.observe({ road: event.road }, event.durationMs / 1000)
  }
}

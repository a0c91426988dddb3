import { readFileSync, readdirSync } from "node:fs"
import { createServer } from "node:http"
import { join } from "node:path"
import { lostAnswer } from "@slash64/conformance"
import {
  Slash64Error,
  attachNic,
  createNetwork,
  eventKinds,
  newCall,
  nicIdFor,
  openHosts,
  openRooms,
} from "@slash64/core"
import type { Rooms, Store } from "@slash64/core"
import { registerMetrics } from "@slash64/core/metrics"
import { Counter, Registry } from "prom-client"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { everyRoad } from "./roads/every-road.ts"
import { RoadBench, networkRequest, nicRequest, vmId } from "./roads/road-bench.ts"

let bench: RoadBench

beforeEach(async () => {
  bench = await RoadBench.open()
})
afterEach(() => bench[Symbol.asyncDispose]())

/** A scrape over HTTP, parsed by the text format's rules: samples by name and labels, types by name. */
interface Scrape {
  readonly samples: ReadonlyMap<string, number>
  readonly types: ReadonlyMap<string, string>
}

async function scrape(registry: Registry): Promise<Scrape> {
  const server = createServer((_request, response) => {
    response.setHeader("content-type", registry.contentType)
    void registry.metrics().then((text) => response.end(text))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  try {
    const response = await fetch(`http://127.0.0.1:${port}/metrics`)
    expect(response.headers.get("content-type")).toContain("text/plain; version=0.0.4")
    return parseScrape(await response.text())
  } finally {
    server.close()
  }
}

function parseScrape(text: string): Scrape {
  const samples = new Map<string, number>()
  const types = new Map<string, string>()
  for (const line of text.split("\n").filter((one) => one !== "" && !one.startsWith("# HELP "))) {
    const type = /^# TYPE (\w+) (counter|gauge|histogram)$/.exec(line)
    const sample = /^(\w+)(?:\{((?:\w+="[^"]*",?)*)\})? (-?[\d.e+]+)$/.exec(line)
    if (type !== null) types.set(type[1] ?? "", type[2] ?? "")
    else if (sample !== null) samples.set(keyOf(sample[1], sample[2]), Number(sample[3]))
    else throw new Error(`no line of the text format: ${line}`)
  }
  return { samples, types }
}

/** `name{a="1",b="2"}`, the labels in order. */
function keyOf(name = "", labels = ""): string {
  const sorted = labels
    .split(",")
    .filter((one) => one !== "")
    .toSorted()
  return sorted.length === 0 ? name : `${name}{${sorted.join(",")}}`
}

/** `settled` resolves once all that was told is counted: its subscription has heard it after the metrics' own. */
function registered(rooms: Rooms, options?: { readonly eachNetwork: boolean }) {
  const registry = new Registry()
  const end = registerMetrics(registry, rooms, options)
  return { registry, end, settled: rooms.events.subscribe(() => {}) }
}

/** The series of network `lab`. */
function ofLab(state: string, family = "ipv6"): string {
  return `slash64_addresses{family="${family}",network="lab",state="${state}"}`
}

function tenOf(at: number) {
  return { start: `2001:db8:${at}::100`, end: `2001:db8:${at}::109` }
}

describe("a scrape", () => {
  it("has the claims, pushes, durations, generations and errors of the roads that were taken", async () => {
    const rooms = bench.rooms()
    const { registry, settled } = registered(rooms)
    for (const road of ["create-network", "start-router", "attach-nic", "converge-router"] as const) {
      await everyRoad[road](rooms)
    }
    await expect(attachNic({ ...nicRequest, network: "nowhere" }, rooms, newCall())).rejects.toThrow("nowhere")
    await settled()
    const { samples } = await scrape(registry)
    const pushes = await bench.store.readNetwork("lab")
    expect(Object.fromEntries(samples)).toMatchObject({
      'slash64_events_total{kind="network-created"}': 1,
      'slash64_events_total{kind="nic-claimed"}': 1,
      'slash64_events_total{kind="nic-attached"}': 1,
      'slash64_events_total{kind="nic-detached"}': 0,
      'slash64_roads_total{code="OK",road="attach-nic"}': 1,
      'slash64_roads_total{code="NOT_FOUND",road="attach-nic"}': 1,
      'slash64_road_duration_seconds_count{road="attach-nic"}': 2,
      'slash64_road_duration_seconds_bucket{le="180",road="start-router"}': 1,
      slash64_claim_duration_seconds_count: 1,
      'slash64_claim_duration_seconds_bucket{le="+Inf"}': 1,
      'slash64_router_pushes_total{code="OK"}': 3,
      slash64_router_push_duration_seconds_count: 3,
      'slash64_router_generation{network="lab"}': 2,
      'slash64_router_revision{network="lab"}': pushes?.revision,
      slash64_events_missed_total: 0,
      slash64_networks: 1,
      slash64_store_up: 1,
    })
    expect(samples.get("slash64_claim_duration_seconds_sum")).toBeGreaterThan(0)
    expect([...samples.keys()].filter((key) => key.startsWith("slash64_events_total"))).toHaveLength(eventKinds.length)
  })

  it("has histograms whose buckets rise to their count, and the type of each metric", async () => {
    const rooms = bench.rooms()
    const { registry, settled } = registered(rooms)
    for (const road of Object.values(everyRoad)) await road(rooms)
    await settled()
    const { samples, types } = await scrape(registry)
    const histograms = [...types].filter(([, type]) => type === "histogram").map(([name]) => name)
    expect(histograms).toHaveLength(3)
    for (const name of histograms) {
      const buckets = [...samples].filter(([key]) => key.startsWith(`${name}_bucket`))
      const perSeries = Map.groupBy(buckets, ([key]) => key.replace(/le="[^"]*",?/, ""))
      expect(perSeries.size).toBeGreaterThan(0)
      for (const series of perSeries.values()) {
        const counts = series.map(([, count]) => count)
        expect(counts).toEqual(counts.toSorted((a, b) => a - b))
        expect(series.at(-1)?.[0]).toContain('le="+Inf"')
      }
    }
    for (const key of samples.keys()) {
      const name = key.replace(/\{.*/, "")
      expect(types.has(name) || types.has(name.replace(/_(bucket|sum|count)$/, "")), key).toBe(true)
    }
  })

  it("counts the addresses of each network when it is scraped", async () => {
    const rooms = bench.rooms()
    const { registry, settled } = registered(rooms)
    const range = { start: "2001:db8:64::100", end: "2001:db8:64::109" }
    const small = { ...networkRequest, ipv6: { ...networkRequest.ipv6, range } }
    await createNetwork({ ...small, ipv4: { prefix: "192.0.2.0/24", gateway: "192.0.2.1" } }, rooms, newCall())
    await everyRoad["start-router"](rooms)
    const before = await bench.store.countAddresses("lab")
    expect((await scrape(registry)).samples.get(ofLab("free"))).toBe(10)
    await everyRoad["attach-nic"](rooms)
    expect(Object.fromEntries((await scrape(registry)).samples)).toMatchObject({
      [ofLab("capacity")]: 10,
      [ofLab("held")]: 1,
      [ofLab("resting")]: 0,
      [ofLab("free")]: 9,
      [ofLab("held", "ipv4")]: 1,
      [ofLab("free", "ipv4")]: Number(before.ipv4?.free) - 1,
    })
    await everyRoad["detach-nic"](rooms)
    await everyRoad["remove-network"](rooms)
    await settled()
    const { samples } = await scrape(registry)
    expect([...samples.keys()].filter((key) => key.includes('network="lab"'))).toEqual([])
    expect(samples.get("slash64_networks")).toBe(0)
  })

  it("counts failed pushes and repeats by their code, and a claim that found no address", async () => {
    const calm = bench.rooms()
    const range = { start: "2001:db8:64::100", end: "2001:db8:64::100" }
    await createNetwork({ ...networkRequest, ipv6: { ...networkRequest.ipv6, range } }, calm, newCall())
    await everyRoad["start-router"](calm)
    await everyRoad["attach-nic"](calm)
    let fails = true
    const rooms = bench.rooms(({ verb, phase }) => {
      if (fails && verb === "push" && phase === "before") throw lostAnswer("push")
    })
    const { registry, settled } = registered(rooms)
    await expect(everyRoad["converge-router"](rooms)).rejects.toMatchObject({ code: "UNAVAILABLE" })
    fails = false
    const another = { ...nicRequest, id: nicIdFor("lab", vmId, 1) }
    await expect(attachNic(another, rooms, newCall())).rejects.toMatchObject({ code: "RESOURCE_EXHAUSTED" })
    await settled()
    expect(Object.fromEntries((await scrape(registry)).samples)).toMatchObject({
      'slash64_router_pushes_total{code="UNAVAILABLE"}': 5,
      'slash64_step_repeats_total{code="UNAVAILABLE"}': 4,
      'slash64_roads_total{code="UNAVAILABLE",road="converge-router"}': 1,
      'slash64_roads_total{code="RESOURCE_EXHAUSTED",road="attach-nic"}': 1,
      'slash64_events_total{kind="addresses-exhausted"}': 1,
    })
  })

  it("has sums alone where it is asked so, however many networks there are", async () => {
    const rooms = bench.rooms()
    const { registry, settled } = registered(rooms, { eachNetwork: false })
    for (const at of [64, 65]) {
      const ipv6 = { prefix: `2001:db8:${at}::/64`, gateway: `2001:db8:${at}::1`, ra: "router", range: tenOf(at) }
      await createNetwork({ ...networkRequest, name: at === 64 ? "lab" : "other", ipv6 }, rooms, newCall())
    }
    await everyRoad["start-router"](rooms)
    await everyRoad["attach-nic"](rooms)
    await settled()
    const { samples } = await scrape(registry)
    expect(samples.get('slash64_addresses{family="ipv6",state="free"}')).toBe(19)
    expect(samples.get('slash64_addresses{family="ipv6",state="capacity"}')).toBe(20)
    expect([...samples.keys()].filter((key) => /network=|router_(generation|revision)/.test(key))).toEqual([])
  })

  it("says that the store is down, and gives the rest", async () => {
    const fails = { listNetworks: () => Promise.reject(new Slash64Error("UNAVAILABLE", "the disk is gone")) }
    const store: Store = new Proxy(bench.store, {
      get: (target, verb) => Reflect.get(fails, verb) ?? Reflect.get(target, verb),
    })
    const rooms = openRooms({ store, hosts: openHosts(store, []), routers: bench.routers })
    const { registry } = registered(rooms)
    const { samples } = await scrape(registry)
    expect(samples.get("slash64_store_up")).toBe(0)
    expect(samples.get('slash64_events_total{kind="nic-claimed"}')).toBe(0)
    expect([...samples.keys()].filter((key) => /^slash64_(networks|addresses)/.test(key))).toEqual([])
  })

  it("reads the store once, though several gauges ask", async () => {
    let reads = 0
    const rooms = bench.rooms(({ verb, phase }) => {
      if (verb === "listNetworks" && phase === "before") reads += 1
    })
    const { registry } = registered(rooms)
    await scrape(registry)
    expect(reads).toBe(1)
    await scrape(registry)
    expect(reads).toBe(2)
  })
})

describe("registerMetrics", () => {
  it("leaves the server's own metrics alone, and takes its own away at the end", async () => {
    const registry = new Registry()
    new Counter({ name: "own_total", help: "The server's own.", registers: [registry] }).inc()
    const rooms = bench.rooms()
    const end = registerMetrics(registry, rooms)
    expect(() => registerMetrics(registry, rooms)).toThrow("already been registered")
    await everyRoad["create-network"](rooms)
    await end()
    expect([...(await scrape(registry)).samples]).toEqual([["own_total", 1]])
    await everyRoad["create-network"](rooms)
    registerMetrics(registry, rooms)
    expect((await scrape(registry)).samples.get('slash64_events_total{kind="network-created"}')).toBe(0)
  })

  it("gives what packages/core/README.md says, name by name and with the same words", async () => {
    const rooms = bench.rooms()
    const { registry } = registered(rooms)
    const readme = readFileSync(join(import.meta.dirname, "../../packages/core/README.md"), "utf8")
    const rows = [...readme.matchAll(/^\| `(slash64_\w+)` \| ([^|]*) \| (.*) \|$/gm)].map((row) => row.slice(1))
    const metrics = registry.getMetricsAsArray().map(({ name }) => registry.getSingleMetric(name))
    const shown: unknown[] = []
    for (const metric of metrics) {
      const { name, help } = (await metric?.get()) ?? {}
      shown.push([name, help])
    }
    expect(rows.map(([name, , help]) => [name, help])).toEqual(shown)
  })

  it("is the only part of core that needs prom-client", () => {
    const core = join(import.meta.dirname, "../../packages/core/src")
    const files = readdirSync(core, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"))
    const text = (file: string): string => readFileSync(join(core, file), "utf8")
    expect(files.filter((file) => text(file).includes('"prom-client"') && !file.startsWith("metrics/"))).toEqual([])
    expect(files.filter((file) => text(file).includes("/metrics/") && !file.startsWith("metrics/"))).toEqual([])
  })
})

import { generateKeyPairSync } from "node:crypto"
import { MemoryHost } from "@slash64/conformance"
import { Slash64Error, newCall, openHosts, openRooms, startRouter } from "@slash64/core"
import type { HypervisorPlugin, Rooms } from "@slash64/core"
import { pino } from "pino"
import { describe, expect, it } from "vitest"
import { everyRoad } from "./every-road.ts"
import { RoadBench } from "./road-bench.ts"

/** pino's lines. */
function newLog() {
  const lines: string[] = []
  const log = pino({ level: "trace" }, { write: (line) => lines.push(line) })
  const read = (): Record<string, unknown>[] => lines.map((line) => JSON.parse(line))
  return { log, lines, read }
}

describe("the log of the roads", () => {
  it("has a line for each step and event, under the request's id", async () => {
    await using bench = await RoadBench.open()
    const { log, read } = newLog()
    const rooms = bench.rooms(undefined, log)
    for (const road of Object.values(everyRoad)) await road(rooms)
    expect(read().filter(({ requestId, road }) => requestId === undefined || requestId !== road)).toEqual([])
    const attach = read().filter(({ road }) => road === "attach-nic")
    expect(attach.map(({ level, msg }) => [level, msg])).toEqual([
      [20, "step"],
      [20, "step"],
      [30, "NIC claimed"],
      [20, "step"],
      [20, "step"],
      [30, "router converged"],
      [20, "step"],
      [20, "step"],
      [30, "NIC attached"],
      [20, "road ended"],
    ])
  })

  it("keeps two requests apart that go at once", async () => {
    await using bench = await RoadBench.open()
    const { log, read } = newLog()
    const rooms = bench.rooms(undefined, log)
    await everyRoad["create-network"](rooms)
    const names = ["one", "other"]
    await Promise.allSettled(
      names.map((requestId) => startRouter({ network: "lab", host: requestId }, rooms, newCall({ requestId }))),
    )
    const failed = read().filter(({ msg }) => msg === "road failed")
    expect(failed.map(({ requestId, message }) => [requestId, message])).toEqual(
      names.map((name) => [name, `host "${name}" was not added`]),
    )
  })

  it.each([
    ["UNAVAILABLE", 40],
    ["INVALID_ARGUMENT", 40],
    ["INTERNAL", 50],
    ["DATA_LOSS", 50],
  ] as const)("logs a road that failed with %s at level %i, with what lies below", async (code, level) => {
    await using bench = await RoadBench.open()
    const { log, read } = newLog()
    const rooms = bench.rooms(() => {
      throw new Slash64Error(code, "no", { native: { errno: 7 }, cause: new Error("the cause") })
    }, log)
    await expect(everyRoad["attach-nic"](rooms)).rejects.toThrow("no")
    const last = { level, code, error: { native: { errno: 7 }, cause: { message: "the cause" } } }
    expect(read().at(-1)).toMatchObject(last)
  })

  it("logs a subscriber that fails, and goes on", async () => {
    await using bench = await RoadBench.open()
    const { log, read } = newLog()
    const rooms = bench.rooms(undefined, log)
    const end = rooms.events.subscribe(() => Promise.reject(new Error("the bus is full")))
    await everyRoad["create-network"](rooms)
    await end()
    const failures = read().filter(({ msg }) => msg === "a subscriber to events failed")
    expect(failures).toMatchObject(
      Array.from({ length: 2 }, () => ({ level: 40, error: { message: "the bus is full" } })),
    )
  })
})

/** The secrets of a host, as its configuration has them and as a careless plugin repeats them. */
const password = "Tr0ub4dor&3 spaced"
const { privateKey } = generateKeyPairSync("ed25519", {
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
})
const config = { url: "https://root:urlsecret9@xen7/", password: "env:SLASH64_LOG_SECRET", key: { privateKey } }

function leak(): Slash64Error {
  const said = `login(${config.url}, ${password}) with ${privateKey} token=tok-55-en, {"secret":"json-s3cret"}`
  return new Slash64Error("UNAUTHENTICATED", said, {
    value: password,
    native: { params: ["root", password], authorization: "Basic cm9vdDpyb290", seed: "c2VlZC1ieXRlcw==" },
    cause: new Error(`cause: ${said}`, { cause: { config } }),
  })
}

/** What the roads that go to no host do in the store. */
const storeAlone = new Set<string | symbol>([
  "createNetwork",
  "listHosts",
  "putTemplate",
  "createPool",
  "resizePool",
  "removePool",
  "claimPrefix",
  "releasePrefix",
])

const secretWords = [
  password,
  "urlsecret9",
  privateKey.split("\n")[1] ?? "",
  "tok-55-en",
  "json-s3cret",
  "cm9vdDpyb290",
  "c2VlZC1ieXRlcw",
]

describe("secrets on every road", () => {
  it.each(Object.keys(everyRoad))("%s: none is in the log or in an event", async (name) => {
    await using bench = await RoadBench.open()
    process.env["SLASH64_LOG_SECRET"] = password
    const { log, lines } = newLog()
    let leaks = false
    // The leak is at the last moment before the host or the router does something.
    const intercept = (): void => {
      if (leaks) throw leak()
    }
    bench.world.intercept = intercept
    bench.routers.intercept = intercept
    const plugin: HypervisorPlugin = {
      name: "memory",
      contract: "1.0",
      parseConfig: (input) => input,
      connect: async () => new MemoryHost(bench.world),
    }
    const store = new Proxy(bench.store, {
      get: (target, verb) => {
        const method: unknown = Reflect.get(target, verb)
        if (leaks && storeAlone.has(verb)) return () => Promise.reject(leak())
        return typeof method === "function" ? method.bind(target) : method
      },
    })
    await bench.store.putHost({ name: "h1", plugin: "memory", config })
    const rooms: Rooms = openRooms({
      store,
      hosts: openHosts(store, [plugin]),
      routers: bench.routers,
      patience: { pauseMs: 0, bootMs: 50 },
      log,
    })
    await rooms.hosts.open("h1", newCall())
    const events: unknown[] = []
    const end = rooms.events.subscribe((event) => events.push(event))
    for (const [road, take] of Object.entries(everyRoad)) {
      leaks = road === name
      await take(rooms).catch(() => {})
      if (leaks) break
    }
    await end()
    delete process.env["SLASH64_LOG_SECRET"]
    const written = [...lines, ...events.map((event) => JSON.stringify(event))]
    const failed = written.filter((line) => line.includes("road-failed"))
    expect(failed).toHaveLength(2)
    expect(failed.join()).toContain("login(https://root:(not shown)@xen7/, (not shown)) with (not shown)")
    for (const word of secretWords) expect(written.filter((line) => line.includes(word))).toEqual([])
  })
})

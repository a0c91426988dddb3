import { createHash } from "node:crypto"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { MemoryRouters, memoryPlugin, newMemoryWorld } from "@slash64/conformance"
import type { MemoryWorld } from "@slash64/conformance"
import { nicIdFor, openHosts, openRooms, openSqliteStore, routerIdFor } from "@slash64/core"
import type { AttachNicRequest, RoadLog, Rooms, Store, TemplateRecord } from "@slash64/core"

/** A moment in which a road can be disturbed: before or after a verb of a room. */
export interface RoadStep {
  readonly room: "store" | "host" | "other" | "router"
  readonly verb: string
  readonly phase: "before" | "after"
}

export const vmId = "5f0c1c1e-7a52-4b1c-9f6a-0d2a5a1d0001"
export const networkRequest = {
  name: "lab",
  attachment: { kind: "isolated" },
  ipv6: { prefix: "2001:db8:64::/64", gateway: "2001:db8:64::1", ra: "router" },
}
export const nicRequest: AttachNicRequest = { network: "lab", id: nicIdFor("lab", vmId, 0), host: "h1", vmId }
export const routerId = routerIdFor("lab")

/** A store, a host and its routers: what outlives a process that drives them. */
export class RoadBench {
  readonly store: Store
  readonly world: MemoryWorld = newMemoryWorld([{ id: vmId, name: "web", running: true, persistent: true }])
  /** Of the host `h2`, which {@link addHost} adds. */
  readonly other: MemoryWorld = newMemoryWorld()
  readonly routers: MemoryRouters = new MemoryRouters(this.world, this.other)
  readonly #folder: string
  readonly #clock: { ahead: number }

  private constructor(store: Store, folder: string, clock: { ahead: number }) {
    this.store = store
    this.#clock = clock
    this.#folder = folder
  }

  /** With a host and a template. */
  static async open(): Promise<RoadBench> {
    const folder = mkdtempSync(join(tmpdir(), "slash64-roads-"))
    const clock = { ahead: 0 }
    const now = (): number => Date.now() + clock.ahead
    const store = await openSqliteStore({ file: ":memory:", secret: Buffer.alloc(32), now })
    const bench = new RoadBench(store, folder, clock)
    const file = join(folder, "router.qcow2")
    writeFileSync(file, "template")
    const digest = `sha256:${createHash("sha256").update("template").digest("hex")}`
    await bench.store.putHost({ name: "h1", plugin: "memory", config: {} })
    await bench.store.putTemplate({ digest, version: "1", file, format: "qcow2", registeredAt: "2026-01-01T00:00:00Z" })
    return bench
  }

  /** A second host, `h2`. */
  async addHost(): Promise<void> {
    await this.store.putHost({ name: "h2", plugin: "other", config: {} })
  }

  /** A template of these bytes; each is registered a second after the one before. */
  async register(bytes: string, format: TemplateRecord["format"], version: string): Promise<TemplateRecord> {
    const file = join(this.#folder, `${bytes}.${format}`)
    writeFileSync(file, bytes)
    const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`
    const registered = (await this.store.listTemplates()).length
    const registeredAt = new Date(Date.UTC(2026, 0, 1, 0, 0, registered)).toISOString()
    return this.store.putTemplate({ digest, version, file, format, registeredAt })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.close()
    rmSync(this.#folder, { recursive: true })
  }

  /** A minute goes by: the leases of processes that died are over. */
  letTimePass(): void {
    this.#clock.ahead += 60_000
  }

  /** The rooms of a new process; `onStep` sees, and by throwing disturbs, all that it does. */
  rooms(onStep: (step: RoadStep) => void = () => {}, log?: RoadLog): Rooms {
    const store = watched(this.store, onStep)
    this.world.intercept = (step) => onStep({ room: "host", ...step })
    this.other.intercept = (step) => onStep({ room: "other", ...step })
    this.routers.intercept = (step) => onStep({ room: "router", ...step })
    const hosts = openHosts(store, [memoryPlugin(this.world), { ...memoryPlugin(this.other), name: "other" }])
    const patience = { pauseMs: 0, bootMs: 5_000, withdrawMs: 0 }
    return openRooms({ store, hosts, routers: this.routers, patience, ...(log === undefined ? {} : { log }) })
  }

  /** Everything there is, without the numbers that count repeats. */
  async everything(): Promise<unknown> {
    const { networks, nics, routers, templates } = this.world
    const served = [...routers.keys()].map((id) => {
      const { revision, ...state } = this.routers.stateOf(id) ?? { revision: 0 }
      return { id, isServing: revision > 0, state, leases: this.routers.leasesOf(id) }
    })
    return {
      networks: await this.store.listNetworks(),
      nics: await this.store.listNics(),
      routers: await this.store.listRouters(),
      onHost: [networks, nics, routers, templates].map((map) => Array.from<unknown>(map.values())),
      served,
    }
  }
}

/** The store, with each call told before and after. */
function watched(store: Store, onStep: (step: RoadStep) => void): Store {
  return new Proxy(store, {
    get(target, verb, receiver) {
      const method: unknown = Reflect.get(target, verb, receiver)
      if (typeof method !== "function" || typeof verb !== "string") return method
      return async (...given: unknown[]): Promise<unknown> => {
        onStep({ room: "store", verb, phase: "before" })
        const answer: unknown = await Reflect.apply(method, target, given)
        onStep({ room: "store", verb, phase: "after" })
        return answer
      }
    },
  })
}

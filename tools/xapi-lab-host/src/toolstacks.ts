import type { Socket } from "node:net"
import { join } from "node:path"
import { dispatchAs } from "./calls/dispatch.ts"
import { completeVlans } from "./calls/methods/vlan-methods.ts"
import type { Ref } from "./model/types.ts"
import type { HostPlan } from "./pool-plan.ts"
import { ensureCertificate } from "./wire/certificate.ts"
import { findDiskTransfer } from "./wire/disk-handler.ts"
import type { Disturb } from "./wire/disturb.ts"
import { type HttpServer, startHttpServer } from "./wire/http-server.ts"
import { wireTime } from "./wire-time.ts"
import type { World } from "./world.ts"

export interface ToolstacksRequest {
  /** Holds a folder with its certificate for each host. */
  readonly directory: string
  readonly hosts: readonly { readonly ref: Ref; readonly plan: HostPlan }[]
  readonly tls: boolean
  /** 0: one that is free on the first host's address, then of all. */
  readonly port: number
  readonly disturb: Disturb
}

interface Toolstack {
  readonly ref: Ref
  readonly plan: HostPlan
  /** PEM. */
  readonly certificate: string | undefined
  start(port: number): Promise<HttpServer>
  /** Undefined while the host is down. */
  server: HttpServer | undefined
}

/** What answers at the addresses of a pool's hosts, and what may befall it. */
export class Toolstacks {
  readonly #world: World
  readonly #all = new Map<string, Toolstack>()
  #port = 0

  private constructor(world: World) {
    this.#world = world
  }

  static async start(world: World, request: ToolstacksRequest): Promise<Toolstacks> {
    const self = new Toolstacks(world)
    self.#port = request.port
    for (const { ref, plan } of request.hosts) {
      const pair = request.tls ? await ensureCertificate(join(request.directory, plan.name), plan.address) : undefined
      const start = (port: number): Promise<HttpServer> =>
        startHttpServer({
          address: plan.address,
          port,
          dispatch: dispatchAs(world, ref),
          findTransfer: (...asked) => (ref === world.master ? findDiskTransfer(world)(...asked) : undefined),
          disturb: request.disturb,
          becomeSlave: (caller) => self.#becomeSlave(ref, caller),
          ...(pair !== undefined && { certificate: pair }),
        })
      const server = await start(self.#port)
      self.#port = server.port
      self.#all.set(plan.name, { ref, plan, certificate: pair?.certificate, start, server })
    }
    return self
  }

  get port(): number {
    return this.#port
  }

  /** PEM, in the order of the hosts; none without TLS. */
  get certificates(): readonly string[] {
    return [...this.#all.values()].flatMap(({ certificate }) => certificate ?? [])
  }

  /**
   * The host answers as the master, and every other as its member. As both toolstacks start anew for it, sessions,
   * tasks and connections are gone, but for that of `but`. It is the master already: success.
   */
  becomeMaster(name: string, but?: Socket): void {
    const { ref, server } = this.#find(name)
    if (server === undefined) throw new Error(`host ${name} is down`)
    const { db, pool, master, sessions, tasks } = this.#world
    if (ref === master) return
    db.set("pool", pool, { master: ref })
    sessions.endAll()
    tasks.forgetAll()
    db.save()
    for (const one of this.#all.values()) one.server?.drop(but)
  }

  /** Its address does not answer, and its VMs are gone as by a power cut. Down already: success. */
  async takeDown(name: string): Promise<void> {
    const toolstack = this.#find(name)
    const { server, ref } = toolstack
    if (server === undefined) return
    toolstack.server = undefined
    await server.close()
    this.#tellLive(ref, false)
    const { db } = this.#world
    const running = db.all("VM").filter(([, vm]) => vm.resident_on === ref)
    await Promise.all(running.map(([, { uuid }]) => this.#world.below(ref).powerOff(uuid)))
    db.save()
  }

  /** It gets the VLANs that the pool was given meanwhile. Up already: success. */
  async bringUp(name: string): Promise<void> {
    const toolstack = this.#find(name)
    if (toolstack.server !== undefined) return
    await completeVlans(this.#world, toolstack.ref)
    this.#tellLive(toolstack.ref, true)
    this.#world.db.save()
    toolstack.server = await toolstack.start(this.#port)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#all.values()].map(async ({ server }) => server?.close()))
  }

  #becomeSlave(ref: Ref, caller: Socket): void {
    if (ref !== this.#world.master) return
    const other = [...this.#all.values()].find((one) => one.ref !== ref && one.server !== undefined)
    if (other === undefined) throw new Error("no other host is up")
    this.becomeMaster(other.plan.name, caller)
  }

  #tellLive(ref: Ref, live: boolean): void {
    const { db } = this.#world
    db.set("host_metrics", db.get("host", ref).metrics, { live, last_updated: wireTime() })
  }

  #find(name: string): Toolstack {
    const found = this.#all.get(name)
    if (found !== undefined) return found
    throw new Error(`no host ${name}; there are ${[...this.#all.keys()].join(", ")}`)
  }
}

import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import { dispatchAsMember, dispatchTo } from "./calls/dispatch.ts"
import { markHalted } from "./calls/power.ts"
import { watchDrivers } from "./calls/watch-drivers.ts"
import { openDiskStore } from "./lower/disk-store.ts"
import type { LowerHalf, VmEnded } from "./lower/lower-half.ts"
import { Database } from "./model/database.ts"
import type { Ref } from "./model/types.ts"
import { OneAtATime } from "./one-at-a-time.ts"
import { type HostPlan, ensurePool } from "./pool-plan.ts"
import { type Account, Sessions } from "./sessions.ts"
import { Tasks } from "./tasks.ts"
import { ensureCertificate } from "./wire/certificate.ts"
import { diskHandler } from "./wire/disk-handler.ts"
import type { Disturb } from "./wire/disturb.ts"
import { type HttpServer, startHttpServer } from "./wire/http-server.ts"
import type { World } from "./world.ts"

export interface XapiLabHostRequest {
  /** Holds the database, the disks and the certificates; what is there is taken up again. */
  readonly directory: string
  readonly account: Account
  /** The first is the master of the pool. */
  readonly hosts: readonly LabHostPlan[]
  readonly tls?: boolean
  /** Of every host; each has an address of its own. 0: one that is free on the master's. */
  readonly port?: number
  /** Faults for tests. */
  readonly disturb?: Disturb
}

export interface LabHostPlan extends HostPlan {
  /** What the host stands on. */
  readonly below: (ended: VmEnded) => Promise<LowerHalf>
}

export interface XapiLabHost {
  readonly port: number
  /** The addresses that answer, as URLs, in the order of the request. */
  readonly urls: readonly string[]
  /** PEM, of each host, where it speaks TLS. */
  readonly certificates: readonly string[]
  /** The toolstack ends; its VMs run on. */
  close(): Promise<void>
}

/** Starts a pool that answers as XAPI does. */
export async function startXapiLabHost(request: XapiLabHostRequest): Promise<XapiLabHost> {
  const { directory, hosts, tls = false } = request
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const ended = new AbortController()
  const world = await openWorld(request, ended.signal)
  const servers: HttpServer[] = []
  const certificates: string[] = []
  for (const [index, { name, address }] of hosts.entries()) {
    const certificate = tls ? await ensureCertificate(join(directory, name), address) : undefined
    if (certificate !== undefined) certificates.push(certificate.certificate)
    const server = await startHttpServer({
      address,
      port: servers[0]?.port ?? request.port ?? 0,
      dispatch: index === 0 ? dispatchTo(world) : dispatchAsMember(world),
      ...(index === 0 && { handle: diskHandler(world) }),
      ...(certificate !== undefined && { certificate }),
      ...(request.disturb !== undefined && { disturb: request.disturb }),
    })
    servers.push(server)
  }
  const port = servers[0]?.port ?? 0
  return {
    port,
    certificates,
    urls: hosts.map(({ address }) => `${tls ? "https" : "http"}://${bracketed(address)}:${port}`),
    async close() {
      ended.abort()
      await Promise.all(servers.map((server) => server.close()))
      for (const ref of world.db.refs("host")) world.below(ref).close()
      world.db.save()
    },
  }
}

async function openWorld({ directory, account, hosts }: XapiLabHostRequest, closed: AbortSignal): Promise<World> {
  const db = new Database(join(directory, "state.json"))
  const refs = ensurePool(db, hosts)
  const [master] = refs.hosts
  if (master === undefined) throw new Error("a pool has a host")
  const below = new Map<Ref, LowerHalf>()
  let domid = Math.max(0, ...db.all("VM").map(([, vm]) => vm.domid))
  const world: World = {
    db,
    sessions: new Sessions(db, account, master),
    tasks: new Tasks(db, master),
    disks: await openDiskStore(join(directory, "sr")),
    turns: new OneAtATime(),
    pool: refs.pool,
    master,
    below(host) {
      const found = below.get(host)
      if (found === undefined) throw new Error(`no host ${host}`)
      return found
    },
    closed,
    nextDomid: () => ++domid,
  }
  for (const [index, host] of refs.hosts.entries()) {
    const half = await hosts[index]?.below((vmId) => markEnded(world, vmId))
    if (half !== undefined) below.set(host, half)
  }
  for (const [ref, { uuid, resident_on, power_state }] of db.all("VM")) {
    if (power_state === "Halted") continue
    if (below.get(resident_on)?.isRunning(uuid)) void watchDrivers(world, ref)
    else markHalted(world, ref)
  }
  db.save()
  return world
}

function markEnded(world: World, vmId: string): void {
  const found = world.db.all("VM").find(([, { uuid }]) => uuid === vmId)
  if (found === undefined || found[1].power_state === "Halted") return
  markHalted(world, found[0])
  world.db.save()
}

function bracketed(address: string): string {
  return address.includes(":") ? `[${address}]` : address
}

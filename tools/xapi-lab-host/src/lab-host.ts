import { mkdir } from "node:fs/promises"
import { tellGuest } from "./calls/tell-guest.ts"
import { ArmedFaults } from "./faults/armed-faults.ts"
import type { LowerHalf, VmEnded } from "./lower/lower-half.ts"
import { nullRef } from "./model/types.ts"
import { openWorld } from "./open-world.ts"
import type { HostPlan } from "./pool-plan.ts"
import type { Account } from "./sessions.ts"
import { Toolstacks } from "./toolstacks.ts"
import type { Disturb, Disturbance } from "./wire/disturb.ts"

export interface XapiLabHostRequest {
  /** Holds the database, the disks and the certificates; what is there is taken up again. */
  readonly directory: string
  readonly account: Account
  /** The first is the master of a new pool; each keeps its name over a restart. */
  readonly hosts: readonly LabHostPlan[]
  readonly tls?: boolean
  /** Of every host; each has an address of its own. 0: one that is free on the first's. */
  readonly port?: number
  /** Asked at each call before what {@link XapiLabHost.disturb} asked for. */
  readonly disturb?: Disturb
}

export interface LabHostPlan extends HostPlan {
  /** What the host stands on. */
  readonly below: (ended: VmEnded) => Promise<LowerHalf>
}

export interface XapiLabHost {
  readonly port: number
  /** The addresses of the hosts as URLs, in the order of the request. */
  readonly urls: readonly string[]
  /** PEM, of each host, where it speaks TLS. */
  readonly certificates: readonly string[]
  /**
   * Disturbs the next `times` (1) calls of this name, after those that were asked for before. An asynchronous call has
   * `Async.` in its name; an upload is `import_raw_vdi`.
   */
  disturb(call: string, disturbance: Disturbance, times?: number): void
  /** That host is the master from now on, over a restart too. Sessions, tasks and connections are gone. */
  becomeMaster(name: string): void
  /** That host does not answer any more, and its VMs are gone; a pool without its master waits for another one. */
  takeDown(name: string): Promise<void>
  /** Ends {@link takeDown}. */
  bringUp(name: string): Promise<void>
  /** As if the agent in a guest had written this of its NICs into xenstore: `0/ipv6/0`, by the VIF's device. */
  tellGuest(vmId: string, networks: Readonly<Record<string, string>>): void
  /** What the guest's agent (qemu-ga) returns to one of its `guest-*` commands; the VM by its UUID. */
  askAgent(vm: string, command: string, words?: Readonly<Record<string, unknown>>): Promise<unknown>
  /** The toolstack ends; its VMs run on. */
  close(): Promise<void>
}

/** Starts a pool that answers as XAPI does. */
export async function startXapiLabHost(request: XapiLabHostRequest): Promise<XapiLabHost> {
  const { directory, hosts, tls = false, port = 0 } = request
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const ended = new AbortController()
  const { world, refs } = await openWorld(request, ended.signal)
  const faults = new ArmedFaults(request.disturb)
  const toolstacks = await Toolstacks.start(world, {
    directory,
    tls,
    port,
    hosts: hosts.map((plan, index) => ({ plan, ref: refs[index] ?? "" })),
    disturb: (call) => faults.take(call),
  })
  return {
    port: toolstacks.port,
    certificates: toolstacks.certificates,
    urls: hosts.map(({ address }) => `${tls ? "https" : "http"}://${bracketed(address)}:${toolstacks.port}`),
    disturb: (call, disturbance, times = 1) => faults.arm(call, disturbance, times),
    becomeMaster: (name) => toolstacks.becomeMaster(name),
    takeDown: (name) => toolstacks.takeDown(name),
    bringUp: (name) => toolstacks.bringUp(name),
    tellGuest: (vmId, networks) => tellGuest(world, vmId, networks),
    async askAgent(vm, command, words) {
      const found = world.db.all("VM").find(([, { uuid }]) => uuid === vm)
      if (found === undefined || found[1].resident_on === nullRef) throw new Error(`no VM ${vm} runs`)
      return world.below(found[1].resident_on).askAgent(vm, command, words)
    },
    async close() {
      ended.abort()
      await toolstacks.close()
      for (const ref of refs) world.below(ref).close()
      world.db.save()
    },
  }
}

function bracketed(address: string): string {
  return address.includes(":") ? `[${address}]` : address
}

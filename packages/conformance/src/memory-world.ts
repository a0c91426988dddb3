import type { Duplex } from "node:stream"
import type {
  HostCapabilities,
  HostEvent,
  HostNetwork,
  HostNic,
  HostRouter,
  HostTemplate,
  HostVm,
  HypervisorHost,
  NicSpec,
} from "@slash64/core"

/** The verbs of a host, as {@link MemoryWorld.intercept} is told them. */
export type Verb = keyof HypervisorHost

/**
 * A moment in the life of a call: `before`, when nothing has changed yet, and `after`, when the host has acted and
 * its answer is not yet given.
 */
export interface Step {
  readonly verb: Verb
  readonly phase: "before" | "after"
}

/** A VM of a {@link MemoryWorld}. Change `running` to start and stop it, or {@link powerVm} where somebody watches. */
export interface MemoryVm extends HostVm {
  running: boolean
}

export interface MemoryRouterVm extends Omit<HostRouter, "running"> {
  running: boolean
  readonly seed: string
  readonly controlAddress?: string | undefined
}

/** What a hypervisor is in memory: it outlives the connections to it, as a real one does. */
export interface MemoryWorld {
  readonly vms: Map<string, MemoryVm>
  /** Bridges that an administrator made, Open vSwitch ones included, and uplink devices. */
  readonly devices: Set<string>
  readonly networks: Map<string, HostNetwork>
  readonly nics: Map<string, NicSpec & { readonly persistent: boolean; readonly port: string }>
  readonly templates: Map<string, HostTemplate>
  readonly routers: Map<string, MemoryRouterVm>
  /** The addresses that a guest shows, by NIC id. */
  readonly observed: Map<string, readonly string[]>
  /** Those who watch. */
  readonly listeners: Set<(event: HostEvent) => void>
  /** What this host can do, where it differs from what a host in memory can. */
  capabilities: Partial<HostCapabilities>
  /** Opens a router's sshd. Absent: a stream that greets as an SSH server does. */
  openRouter?: (routerId: string) => Duplex
  /** Called around every verb; what it throws is what the caller gets. Faults are put in here. */
  intercept?: (step: Step) => void | Promise<void>
}

export function newMemoryWorld(vms: readonly HostVm[] = [], devices: readonly string[] = []): MemoryWorld {
  return {
    vms: new Map(vms.map((vm) => [vm.id, { ...vm }])),
    devices: new Set(devices),
    networks: new Map(),
    nics: new Map(),
    templates: new Map(),
    routers: new Map(),
    observed: new Map(),
    listeners: new Set(),
    capabilities: {},
  }
}

/** Starts or stops a VM, and tells those who watch. Already so: nothing is told. */
export function powerVm(world: MemoryWorld, vmId: string, running: boolean): void {
  const vm = world.vms.get(vmId)
  if (vm === undefined || vm.running === running) return
  vm.running = running
  tellEvent(world, { kind: running ? "vm-started" : "vm-stopped", vmId })
}

export function tellEvent({ listeners }: MemoryWorld, event: HostEvent): void {
  for (const listener of listeners) listener(event)
}

/** A NIC as the host shows it. */
export function showNic(world: MemoryWorld, id: string): HostNic | undefined {
  const nic = world.nics.get(id)
  if (nic === undefined) return undefined
  const live = world.vms.get(nic.vmId)?.running === true && world.capabilities.liveAttach !== false
  const { vmId, networkId, mac, persistent, port } = nic
  return { id, vmId, networkId, mac, live, persistent, ...(live ? { port } : {}) }
}

import { Slash64Error, isRetryable, isSlash64Error } from "../errors.ts"
import type { FormerVm, Router, SharedNetwork } from "../network/records.ts"
import { abortError, withTimeout } from "../plugin/call.ts"
import type { Call } from "../plugin/call.ts"
import type { HypervisorHost } from "../plugin/hypervisor-plugin.ts"
import { endpointOf } from "./converge-router.ts"
import { sightMs } from "./host-sight.ts"
import { beginStep, repeat } from "./repeat.ts"
import { failureOf } from "./road.ts"
import type { RoadRooms } from "./road.ts"

/** What is known of the VMs that a router was, once none of them runs any more. */
export interface Halted {
  /** The leases that they had given, as {@link RouterControl.readLeases} has them. */
  readonly leases: string
  /** By `performance.now()`, when the first one that ran was stopped. Absent: none ran. */
  readonly stoppedAt?: number
}

/**
 * Halts the VMs that a router was, where nobody has vouched for that already. Where a host does not answer:
 * UNAVAILABLE; or, with `force`, it is noted that somebody vouches that it is dead.
 */
export async function haltFormerVms(
  router: Router,
  network: SharedNetwork,
  force: boolean,
  rooms: RoadRooms,
  call: Call,
): Promise<Halted> {
  const halted: Halted[] = []
  for (const vm of router.former ?? []) {
    if (vm.lost === true) continue
    try {
      halted.push(await haltFormerVm(router, vm, network, force, rooms, call))
    } catch (error) {
      if (call.signal.aborted) throw abortError(call.signal)
      if (!isSlash64Error(error) || !isRetryable(error)) throw error
      if (!force) throw unreachable(network, vm, error)
      rooms.tell({ kind: "step-failed", repeatsLeft: 0, ...failureOf(error) })
      await rooms.store.changeRouter(router.id, { kind: "lose-vm", vmId: vm.vmId })
    }
  }
  const stoppedAt = halted.find((one) => one.stoppedAt !== undefined)?.stoppedAt
  return { leases: halted.map(({ leases }) => leases).join(""), ...(stoppedAt !== undefined && { stoppedAt }) }
}

/** One that may be dead is asked once, and not for long. */
async function haltFormerVm(
  router: Router,
  vm: FormerVm,
  network: SharedNetwork,
  force: boolean,
  rooms: RoadRooms,
  call: Call,
): Promise<Halted> {
  const patient = force ? withTimeout(call, sightMs) : call
  const ask = <T>(act: () => Promise<T>): Promise<T> => (force ? act() : repeat(rooms, call, act))
  beginStep(call, "looking at the VM that the router was")
  const host = await ask(() => rooms.hosts.open(vm.host, patient))
  const there = await ask(() => host.findRouter(vm.vmId, patient))
  const running = there?.running === true
  const leases = running ? await readLeases({ ...router, ...vm }, network, rooms, call) : ""
  beginStep(call, "stopping the VM that the router was")
  const stoppedAt = performance.now()
  await ask(() => halt(host, vm.vmId, patient))
  return { leases, ...(running && { stoppedAt }) }
}

/** Where it cannot be halted and kept, it is removed: it must not run. */
export function halt(host: HypervisorHost, vmId: string, call: Call): Promise<void> {
  return host.haltRouter === undefined ? host.removeRouter(vmId, call) : host.haltRouter(vmId, call)
}

/** Leases that cannot be read are lost: each guest then has its own address again at its next question. */
async function readLeases(was: Router, network: SharedNetwork, rooms: RoadRooms, call: Call): Promise<string> {
  beginStep(call, "reading the leases")
  const patient = withTimeout(call, sightMs)
  try {
    return await repeat(rooms, patient, () => rooms.routers.readLeases(endpointOf(was, network, rooms), patient))
  } catch (error) {
    if (call.signal.aborted) throw abortError(call.signal)
    rooms.tell({ kind: "step-failed", repeatsLeft: 0, ...failureOf(error) })
    return ""
  }
}

/** Takes the halted VMs that a router was from their hosts, and from its record. */
export async function removeFormerVms(router: Router, rooms: RoadRooms, call: Call): Promise<Router> {
  let left = router
  for (const vm of router.former ?? []) {
    if (vm.lost !== true) left = await removeFormerVm(router.id, vm, rooms, call)
  }
  return left
}

/** One VM that a router was; on a host that came back it is stopped by this. Repeated, or gone: success. */
export async function removeFormerVm(
  routerId: string,
  { vmId, host: name }: FormerVm,
  rooms: RoadRooms,
  call: Call,
): Promise<Router> {
  beginStep(call, "removing the VM that the router was")
  const host = await repeat(rooms, call, () => rooms.hosts.open(name, call))
  await repeat(rooms, call, () => host.removeRouter(vmId, call))
  return rooms.store.changeRouter(routerId, { kind: "forget-vm", vmId })
}

/** The error of a host that a router cannot be taken from. */
export function unreachable({ name }: SharedNetwork, { host }: FormerVm, cause: Slash64Error): Slash64Error {
  return new Slash64Error("UNAVAILABLE", `host ${host}, where the router of ${name} ran: ${cause.message}`, {
    field: "host",
    value: host,
    hint:
      "Repeat when it answers: two routers must not run at once. " +
      `If it is dead, switch it off, then: slash64 router move ${name} --host <another> --force.`,
    cause,
  })
}

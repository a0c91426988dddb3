import { execFile } from "node:child_process"
import { setTimeout as sleep } from "node:timers/promises"
import { promisify } from "node:util"
import { attachNic, newCall, nicIdFor, readRouterStatus, releaseLease, routerState, type Rooms } from "@slash64/core"
import type { Life, Outcome } from "../guest-matrix/cells.ts"
import type { MatrixNic } from "../guest-matrix/clients.ts"
import { lookAtGuest } from "../guest-matrix/look-at-guest.ts"
import { openGuestDisk, type VmClient } from "./guest-disk.ts"
import type { GuestVm, VmHost } from "./guest-vm.ts"
import { firstQuestion, type WireWatch } from "./watch-wire.ts"

export interface VmGround {
  readonly vms: VmHost
  readonly rooms: Rooms
  /** On the router's port. */
  readonly wire: WireWatch
}

export interface VmOutcome {
  readonly outcome: Outcome
  /** From each boot's first Solicit or Confirm until the guest showed the address, looked at over and over: an upper bound. */
  readonly seconds: Readonly<Partial<Record<Life, number>>>
}

/** The lives of a VM, one after the other, with the roads that its user's server takes. */
export async function liveInVm(client: VmClient, ground: VmGround): Promise<VmOutcome> {
  const { vms, rooms } = ground
  const [outcome, seconds]: [Partial<Record<Life, readonly string[]>>, Partial<Record<Life, number>>] = [{}, {}]
  const image = await openGuestDisk(client)
  const made: GuestVm[] = []
  const live = async (life: Life, vm: GuestVm, nic: MatrixNic, boot: () => Promise<void>) => {
    const began = Date.now() / 1000
    await boot()
    const { problems, shownAt } = await settle(vm, nic)
    const asked = firstQuestion(ground.wire.lines(), nic.nic.mac, began)
    outcome[life] = asked === undefined ? [...problems, "it asked no DHCPv6 server"] : problems
    if (asked !== undefined && shownAt !== undefined) seconds[life] = shownAt - asked
  }
  try {
    const vm = await vms.define(`guest-${client}`, image)
    made.push(vm)
    const nic = await attach(vm, ground)
    await live("first boot", vm, nic, () => vm.start())
    const boot = await bootId(vm)
    await live("reboot", vm, nic, async () => {
      await vm.reset()
      await until(async () => ![undefined, boot].includes(await bootId(vm)))
    })
    await vm.powerOff()
    await releaseLease(nic.nic.id, rooms, call())
    const kept = await hasLease(nic, ground)
    await live("stop and start", vm, nic, () => vm.start())
    if (kept) outcome["stop and start"] = ["the router kept the lease of a VM that was off"]
    await vm.powerOff()
    await promisify(execFile)("cp", ["--sparse=always", image, vm.disk])
    await live("reinstalled", vm, nic, () => vm.start())
    // As a user makes one: of a machine that is off, which then runs on beside it.
    await vm.powerOff()
    const clone = await vms.define(`clone-${client}`, vm.disk)
    made.push(clone)
    const other = await attach(clone, ground)
    await vm.start()
    await live("cloned", clone, other, () => clone.start())
    const original = await settle(vm, nic)
    outcome["cloned"] = [...(outcome["cloned"] ?? []), ...original.problems.map((one) => `the original: ${one}`)]
    return { outcome, seconds }
  } finally {
    for (const vm of made) await vm.powerOff()
  }
}

async function attach(vm: GuestVm, { vms, rooms }: VmGround): Promise<MatrixNic> {
  const network = await rooms.store.findNetwork(vms.network)
  if (network === undefined) throw new Error("the lab has no network")
  const request = { network: network.id, id: nicIdFor(network.id, vm.id, 0), host: vms.host, vmId: vm.id }
  const { nic } = await attachNic(request, rooms, call())
  const [snapshot, router] = [await rooms.store.readNetwork(network.id), await rooms.store.findRouter(network.id)]
  if (snapshot === undefined || router === undefined) throw new Error("the lab has no router")
  return { device: "eth0", nic, network: routerState(snapshot, router) }
}

async function hasLease({ nic, network }: MatrixNic, { vms, rooms }: VmGround): Promise<boolean> {
  const own = network.reservations.find(({ nicId }) => nicId === nic.id)
  const { leases } = await readRouterStatus(vms.network, rooms, call())
  return leases.some(({ address }) => address === own?.ipv6 || address === own?.ipv4)
}

/** Looks until nothing is amiss, and again a little later: a route may come behind the address. */
async function settle(vm: GuestVm, nic: MatrixNic) {
  const look = async (): Promise<readonly string[]> =>
    lookAtGuest((line) => shell(vm, line), [nic]).catch((error: unknown) => [
      `the guest says nothing: ${String(error)}`,
    ])
  let [problems, shownAt]: [readonly string[], number | undefined] = [await look(), undefined]
  for (const end = Date.now() + 180_000; problems.length > 0 && Date.now() < end; problems = await look()) {
    shownAt ??= problems.some((one) => /addresses|says nothing/.test(one)) ? undefined : Date.now() / 1000
    await sleep(200)
  }
  if (problems.length === 0) shownAt ??= Date.now() / 1000
  await sleep(1500)
  return { problems: await look(), shownAt }
}

async function bootId(vm: GuestVm): Promise<string | undefined> {
  return shell(vm, "cat /proc/sys/kernel/random/boot_id").catch(() => undefined)
}

async function shell(vm: GuestVm, line: string): Promise<string> {
  const { status, output, complaints } = await vm.agent.run("/bin/sh", "-c", line)
  if (status !== 0) throw new Error(`${output}${complaints}`)
  return output
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 180_000; !(await holds()) && Date.now() < end;) await sleep(200)
}

function call() {
  return newCall({ timeoutMs: 120_000 })
}

import { type Call, type HostNic, type NicSpec, Slash64Error, checkNicSpec, quote } from "@slash64/core"
import { z } from "zod"
import { isNative } from "../errors/translate-xapi.ts"
import { requireNetwork } from "../network/find-network.ts"
import type { MarkedNetwork } from "../network/network-mark.ts"
import { type Vm, isOn, requireVm } from "../vm/find-vm.ts"
import type { Xapi } from "../xapi/xapi.ts"
import { hasPortSecurity } from "../host/port-security.ts"
import { removeVif } from "./detach-nic.ts"
import { readGuestNetworks } from "./guest-addresses.ts"
import { planLinkLocal } from "./link-local.ts"
import { toHostNics } from "./list-nics.ts"
import { noteLinkLocal, planRules, updateRules } from "./nic-rules.ts"
import { type Vif, networkKey, nicKey, readVifs } from "./read-vifs.ts"

const createTries = 5

/**
 * Gives the VM this NIC: finds it by our id, or makes it, and plugs it where the VM runs. A guest without
 * paravirtual drivers gets it at its next start; until then it is not `live`, and the caller is told.
 */
export async function attachNic(xapi: Xapi, nic: NicSpec, call: Call): Promise<HostNic> {
  const { signal } = call
  checkNicSpec(nic, { portSecurity: !nic.portSecurity || (await hasPortSecurity(xapi, signal)) })
  const vm = await requireVm(xapi, nic.vmId, signal)
  const network = await requireNetwork(xapi, nic.networkId, signal)
  // Before the VIFs: whoever makes the same NIC in between takes the device that we would take.
  const devices = await readFreeDevices(xapi, vm, signal)
  const vifs = await readVifs(xapi, signal)
  const found = findSame(vifs, nic, vm, network)
  if (found === undefined) await create(xapi, nic, { vm, network, devices }, signal)
  else await update(xapi, nic, { vif: found, vm, vifs }, signal)
  const vif = found ?? (await keepOne(xapi, nic, signal))
  if (isOn(vm) && !vif.currently_attached) {
    const problem = await plug(xapi, vif, signal)
    if (problem !== undefined) call.report({ step: `leaving the NIC to the next start of the VM: ${problem}` })
  }
  const [attached] = toHostNics(await keepOne(xapi, nic, signal), await requireVm(xapi, nic.vmId, signal))
  if (attached === undefined) throw takenAway(nic)
  return attached
}

/** Addresses and port security as they are asked for, with the link-local address that the guest was seen with. */
async function update(
  xapi: Xapi,
  nic: NicSpec,
  { vif, vm, vifs }: { readonly vif: Vif; readonly vm: Vm; readonly vifs: readonly Vif[] },
  signal: AbortSignal,
): Promise<void> {
  if (!nic.portSecurity) return updateRules(xapi, vif, planRules(nic), signal)
  const networks = isOn(vm) ? await readGuestNetworks(xapi, vm.ref, signal) : undefined
  const { own } = planLinkLocal(vif, networks, vifs)
  if (own !== undefined) await noteLinkLocal(xapi, vif, own, signal)
  await updateRules(xapi, vif, planRules(nic, own), signal)
}

/** ALREADY_EXISTS when the id or the MAC is another's. XAPI itself takes two VIFs of one MAC. */
function findSame(vifs: readonly Vif[], nic: NicSpec, vm: Vm, network: MarkedNetwork): Vif | undefined {
  const mine = vifs.find(({ nicId }) => nicId === nic.id)
  const isSame = (vif: Vif): boolean =>
    vif.VM === vm.ref && vif.network === network.on.ref && vif.MAC.toLowerCase() === nic.mac
  if (mine !== undefined && isSame(mine) && mine.networkId === nic.networkId) return mine
  if (mine !== undefined) {
    throw new Slash64Error("ALREADY_EXISTS", `the NIC ${quote(nic.id)} is there with another VM, MAC or network`, {
      field: "nic.id",
      value: quote(nic.id),
      hint: "Give the same ones, or detach the NIC first.",
      native: { VM: mine.VM, MAC: mine.MAC, network: mine.network },
    })
  }
  const twin = vifs.find(
    (vif) => vif.MAC.toLowerCase() === nic.mac && (vif.VM === vm.ref || vif.network === network.on.ref),
  )
  if (twin === undefined) return undefined
  throw new Slash64Error("ALREADY_EXISTS", `another NIC of this VM or network has the MAC ${nic.mac}`, {
    field: "nic.mac",
    value: nic.mac,
    hint: "Give this NIC another MAC, or remove the other one.",
  })
}

interface Place {
  readonly vm: Vm
  readonly network: MarkedNetwork
  /** Free when they were read, the lowest first. */
  readonly devices: readonly string[]
}

/** The device number is the key that XAPI keeps unique: whoever loses a race for one looks for what was made. */
async function create(xapi: Xapi, nic: NicSpec, place: Place, signal: AbortSignal): Promise<void> {
  const { vm, network } = place
  let { devices } = place
  for (let tries = 1; ; tries++) {
    const [device] = devices
    if (device === undefined) throw noDevice(nic)
    const record = {
      ...planRules(nic),
      device,
      VM: vm.ref,
      network: network.on.ref,
      MAC: nic.mac,
      MTU: network.mtu,
      other_config: { [nicKey]: nic.id, [networkKey]: nic.networkId },
      qos_algorithm_type: "",
      qos_algorithm_params: {},
    }
    try {
      await xapi.change(z.string(), signal, "VIF.create", record)
      return
    } catch (error) {
      if (!isNative(error, "DEVICE_ALREADY_EXISTS") || tries === createTries) throw error
      devices = await readFreeDevices(xapi, vm, signal)
      if (findSame(await readVifs(xapi, signal), nic, vm, network) !== undefined) return
    }
  }
}

async function readFreeDevices(xapi: Xapi, vm: Vm, signal: AbortSignal): Promise<readonly string[]> {
  const free = await xapi.read(z.array(z.string()), signal, "VM.get_allowed_VIF_devices", vm.ref)
  return free.toSorted((one, other) => Number(one) - Number(other))
}

/**
 * The VIF of this NIC. Of two, made by two programs at once on devices of their own, all agree on the one that is kept:
 * one that is plugged, else the one on the lower device.
 */
async function keepOne(xapi: Xapi, nic: NicSpec, signal: AbortSignal): Promise<Vif> {
  const made = (await readVifs(xapi, signal)).filter(({ nicId }) => nicId === nic.id)
  const [kept, ...others] = made.toSorted(
    (one, other) =>
      Number(other.currently_attached) - Number(one.currently_attached) || Number(one.device) - Number(other.device),
  )
  if (kept === undefined) throw takenAway(nic)
  for (const vif of others.filter((one) => one.VM === kept.VM)) await removeVif(xapi, vif, signal)
  return kept
}

/** Why the running VM cannot have it; undefined: it has it. */
async function plug(xapi: Xapi, vif: Vif, signal: AbortSignal): Promise<string | undefined> {
  try {
    await xapi.change(z.literal(""), signal, "VIF.plug", vif.ref)
  } catch (error) {
    if (isNative(error, "VM_MISSING_PV_DRIVERS")) return "its guest has no paravirtual drivers"
    if (isNative(error, "VM_BAD_POWER_STATE")) return "it does not run any more, or is paused"
    if (!isNative(error, "DEVICE_ALREADY_ATTACHED")) throw error
  }
  return undefined
}

function noDevice(nic: NicSpec): Slash64Error {
  return new Slash64Error("RESOURCE_EXHAUSTED", `the VM ${nic.vmId} has no device number left for a NIC`, {
    field: "vmId",
    value: nic.vmId,
    hint: "Detach another NIC of the VM first.",
  })
}

function takenAway(nic: NicSpec): Slash64Error {
  return new Slash64Error("ABORTED", `the NIC ${quote(nic.id)} was taken from the VM while it was attached`, {
    field: "nic.id",
    value: quote(nic.id),
    hint: "Call again.",
  })
}

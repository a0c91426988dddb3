import { type Call, type HostNic, type NicSpec, Slash64Error, checkNicSpec, quote } from "@slash64/core"
import { z } from "zod"
import { isNative } from "../errors/translate-xapi.ts"
import { requireNetwork } from "../network/find-network.ts"
import type { MarkedNetwork } from "../network/network-mark.ts"
import { type Vm, isOn, requireVm } from "../vm/find-vm.ts"
import type { Xapi } from "../xapi/xapi.ts"
import { toHostNics } from "./list-nics.ts"
import { planRules, updateRules } from "./nic-rules.ts"
import { type Vif, networkKey, nicKey, readVifs } from "./read-vifs.ts"

const createTries = 5

/**
 * Gives the VM this NIC: finds it by our id, or makes it, and plugs it where the VM runs. A guest without
 * paravirtual drivers gets it at its next start; until then it is not `live`.
 */
export async function attachNic(xapi: Xapi, nic: NicSpec, { signal }: Call): Promise<HostNic> {
  checkNicSpec(nic, { portSecurity: true })
  const vm = await requireVm(xapi, nic.vmId, signal)
  const network = await requireNetwork(xapi, nic.networkId, signal)
  const rules = planRules(nic)
  const found = findSame(await readVifs(xapi, signal), nic, vm, network)
  if (found === undefined) await create(xapi, nic, vm, network, signal)
  else await updateRules(xapi, found, rules, signal)
  const vif = found ?? requireMade(await readVifs(xapi, signal), nic)
  if (isOn(vm) && !vif.currently_attached) await plug(xapi, vif, signal)
  const [attached] = toHostNics(requireMade(await readVifs(xapi, signal), nic), await requireVm(xapi, nic.vmId, signal))
  if (attached === undefined) throw takenAway(nic)
  return attached
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

/** The device number is the key that XAPI keeps unique: whoever loses a race for one takes the next. */
async function create(xapi: Xapi, nic: NicSpec, vm: Vm, network: MarkedNetwork, signal: AbortSignal): Promise<void> {
  for (let tries = 1; ; tries++) {
    const free = await xapi.read(z.array(z.string()), signal, "VM.get_allowed_VIF_devices", vm.ref)
    const [device] = free.toSorted((one, other) => Number(one) - Number(other))
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
      if (findSame(await readVifs(xapi, signal), nic, vm, network) !== undefined) return
    }
  }
}

async function plug(xapi: Xapi, vif: Vif, signal: AbortSignal): Promise<void> {
  try {
    await xapi.change(z.literal(""), signal, "VIF.plug", vif.ref)
  } catch (error) {
    if (!isNative(error, "DEVICE_ALREADY_ATTACHED", "VM_MISSING_PV_DRIVERS")) throw error
  }
}

function requireMade(vifs: readonly Vif[], nic: NicSpec): Vif {
  const made = vifs.find(({ nicId }) => nicId === nic.id)
  if (made === undefined) throw takenAway(nic)
  return made
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

import { type Call, type HostNic, type NicSpec, Slash64Error, checkNicSpec, isSlash64Error, quote } from "@slash64/core"
import type { DeviceTarget, Domain, Libvirt } from "../libvirt/libvirt.ts"
import { requireNetwork } from "../network/find-network.ts"
import { networkNames } from "../names.ts"
import { type DomainDocuments, listDomainDocuments, readDomainDocuments } from "../vm/domain-documents.ts"
import { requireVm } from "../vm/find-vm.ts"
import { nicXml, wireOf } from "./interface-xml.ts"
import { type DomainInterface, networkOf, readInterfaces } from "./read-interfaces.ts"

/** Plugs the NIC into what lacks it: the running domain, its next start, or both. Finds it by our id first. */
export async function attachNic(libvirt: Libvirt, nic: NicSpec, call: Call): Promise<HostNic> {
  const { signal } = call
  checkNicSpec(nic, { portSecurity: false })
  const domain = await requireVm(libvirt, nic.vmId, signal)
  const network = await requireNetwork(libvirt, nic.networkId, signal)
  const target = planAttach(nic, await readDomainDocuments(libvirt, domain, signal))
  if (target.live || target.config) {
    await refuseOnOtherVm(libvirt, nic, domain, signal)
    await plug(libvirt, nic, domain, { document: nicXml(nic, wireOf(network)).markup, target, signal })
  }
  return toHostNic(nic, await readDomainDocuments(libvirt, domain, signal))
}

/** libvirt refuses a second interface with the same alias: whoever was faster has plugged the same NIC. */
async function plug(
  libvirt: Libvirt,
  nic: NicSpec,
  domain: Domain,
  { document, target, signal }: { document: string; target: DeviceTarget; signal: AbortSignal },
): Promise<void> {
  try {
    await libvirt.domains.attachDevice(domain.uuid, document, target, signal)
  } catch (error) {
    if (signal.aborted || (isSlash64Error(error) && error.outcome === "unknown")) throw error
    const left = planAttach(nic, await readDomainDocuments(libvirt, domain, signal))
    if (left.live || left.config) throw error
  }
}

async function refuseOnOtherVm(libvirt: Libvirt, nic: NicSpec, domain: Domain, signal: AbortSignal): Promise<void> {
  const all = await listDomainDocuments(libvirt, signal)
  const has = ({ live, config }: DomainDocuments): boolean =>
    [live, config].some(
      (document) => document !== undefined && readInterfaces(document).some(({ nicId }) => nicId === nic.id),
    )
  const other = all.find((documents) => documents.domain.uuid !== domain.uuid && has(documents))
  if (other === undefined) return
  throw new Slash64Error("ALREADY_EXISTS", `the NIC ${quote(nic.id)} is in the VM ${other.domain.name} already`, {
    field: "nic.id",
    value: quote(nic.id),
    hint: "Detach it from that VM first, or give this NIC another id.",
  })
}

/** In which of the domain's states the NIC is to be plugged. ALREADY_EXISTS when its id or MAC is another's there. */
export function planAttach(nic: NicSpec, { live, config }: DomainDocuments): { live: boolean; config: boolean } {
  const lacks = (interfaces: readonly DomainInterface[]): boolean => {
    const mine = interfaces.find(({ nicId }) => nicId === nic.id)
    if (mine !== undefined) {
      if (mine.mac === nic.mac && networkOf(mine) === networkNames(nic.networkId).network) return false
      throw new Slash64Error("ALREADY_EXISTS", `the VM has the NIC ${quote(nic.id)} with another MAC or network`, {
        field: "nic.id",
        value: quote(nic.id),
        hint: "Give the same MAC and network, or detach the NIC first.",
        native: { mac: mine.mac, network: mine.network },
      })
    }
    if (interfaces.some(({ mac }) => mac === nic.mac)) {
      throw new Slash64Error("ALREADY_EXISTS", `the VM has another NIC with the MAC ${nic.mac}`, {
        field: "nic.mac",
        value: nic.mac,
        hint: "Give this NIC another MAC, or remove the other one from the VM.",
      })
    }
    return true
  }
  return {
    live: live !== undefined && lacks(readInterfaces(live)),
    config: config !== undefined && lacks(readInterfaces(config)),
  }
}

function toHostNic(nic: NicSpec, { live, config }: DomainDocuments): HostNic {
  const find = (document: typeof live): DomainInterface | undefined =>
    document === undefined ? undefined : readInterfaces(document).find(({ nicId }) => nicId === nic.id)
  const running = find(live)
  const next = find(config)
  if (running === undefined && next === undefined) {
    throw new Slash64Error("ABORTED", `the NIC ${quote(nic.id)} was taken from the VM while it was attached`, {
      field: "nic.id",
      value: quote(nic.id),
      hint: "Call again.",
    })
  }
  return {
    id: nic.id,
    vmId: nic.vmId,
    networkId: nic.networkId,
    mac: nic.mac,
    ...(running?.device !== undefined && { port: running.device }),
    live: running !== undefined,
    persistent: next !== undefined,
  }
}

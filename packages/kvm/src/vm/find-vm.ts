import { type Call, type HostVm, Slash64Error, parseUuid } from "@slash64/core"
import type { Domain, Libvirt } from "../libvirt/libvirt.ts"

export async function findVm(libvirt: Libvirt, vmId: string, call: Call): Promise<HostVm | undefined> {
  const domain = await libvirt.domains.find(parseUuid("vmId", vmId), call.signal)
  return domain === undefined ? undefined : toVm(domain)
}

/** At most one: a domain's name is unique on a host. */
export async function findVmsByName(libvirt: Libvirt, name: string, call: Call): Promise<readonly HostVm[]> {
  const domain = await libvirt.domains.findByName(name, call.signal)
  return domain === undefined ? [] : [toVm(domain)]
}

/** The domain of a VM that must be there. */
export async function requireVm(libvirt: Libvirt, vmId: string, signal: AbortSignal): Promise<Domain> {
  const domain = await libvirt.domains.find(parseUuid("vmId", vmId), signal)
  if (domain !== undefined) return domain
  throw new Slash64Error("NOT_FOUND", `the host has no VM ${vmId}`, {
    field: "vmId",
    value: vmId,
    hint: "See what is there with `virsh list --all --uuid --name`.",
  })
}

function toVm({ uuid, name, running, persistent }: Domain): HostVm {
  return { id: uuid, name, running, persistent }
}

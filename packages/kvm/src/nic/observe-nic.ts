import { type Call, type NicRef, type ObservedNic, parseUuid } from "@slash64/core"
import type { Libvirt } from "../libvirt/libvirt.ts"
import { readDomainDocuments } from "../vm/domain-documents.ts"
import { readInterfaces } from "./read-interfaces.ts"

/**
 * What the guest agent sees on the NIC. undefined without one: libvirt has no other view, for the host takes no part
 * in a guest segment.
 */
export async function observeNic(libvirt: Libvirt, nic: NicRef, call: Call): Promise<ObservedNic | undefined> {
  const domain = await libvirt.domains.find(parseUuid("vmId", nic.vmId), call.signal)
  if (domain === undefined || !domain.running) return undefined
  const { live } = await readDomainDocuments(libvirt, domain, call.signal)
  const mac = live === undefined ? undefined : readInterfaces(live).find(({ nicId }) => nicId === nic.id)?.mac
  if (mac === undefined) return undefined
  const interfaces = await libvirt.domains.agentInterfaces(domain.uuid, call.signal)
  const seen = interfaces?.find((candidate) => candidate.mac.toLowerCase() === mac)
  return seen === undefined ? undefined : { source: "guest-agent", device: seen.name, addresses: seen.addresses }
}

import type { Call, HostNic } from "@slash64/core"
import type { Libvirt } from "../libvirt/libvirt.ts"
import { networkNames } from "../names.ts"
import { listMarkedNetworks } from "../network/find-network.ts"
import { type DomainDocuments, listDomainDocuments } from "../vm/domain-documents.ts"
import { type DomainInterface, networkOf, readInterfaces } from "./read-interfaces.ts"

/** The NICs that bear our id, of all domains. */
export async function listNics(libvirt: Libvirt, call: Call): Promise<readonly HostNic[]> {
  const [domains, networks] = await Promise.all([
    listDomainDocuments(libvirt, call.signal),
    listMarkedNetworks(libvirt, call.signal),
  ])
  const ids = new Map(networks.map(({ id }) => [networkNames(id).network, id]))
  return domains.flatMap((documents) => nicsOf(documents, ids))
}

function nicsOf(
  { domain, live, config }: DomainDocuments,
  networkIds: ReadonlyMap<string, string>,
): readonly HostNic[] {
  const running = live === undefined ? [] : readInterfaces(live)
  const next = config === undefined ? [] : readInterfaces(config)
  const byId = new Map<string, DomainInterface>()
  for (const nic of [...next, ...running]) if (nic.nicId !== undefined) byId.set(nic.nicId, nic)
  const nics: HostNic[] = []
  for (const [id, nic] of byId) {
    nics.push({
      id,
      vmId: domain.uuid,
      // A network that was removed by hand is still told apart by its name.
      networkId: networkIds.get(networkOf(nic) ?? "") ?? nic.network ?? "",
      mac: nic.mac,
      ...(nic.device !== undefined && { port: nic.device }),
      live: running.some(({ nicId }) => nicId === id),
      persistent: next.some(({ nicId }) => nicId === id),
    })
  }
  return nics
}

import type { Domain, Libvirt } from "../libvirt/libvirt.ts"
import { type XmlNode, parseXml } from "../xml/parse-xml.ts"

/** A domain with both of its documents, where it has them. */
export interface DomainDocuments {
  readonly domain: Domain
  /** Of the running domain. */
  readonly live: XmlNode | undefined
  /** Of its next start; a transient domain has none. */
  readonly config: XmlNode | undefined
}

export async function readDomainDocuments(
  libvirt: Libvirt,
  domain: Domain,
  signal: AbortSignal,
): Promise<DomainDocuments> {
  const read = async (wanted: boolean, state: "live" | "config"): Promise<XmlNode | undefined> => {
    const document = wanted ? await libvirt.domains.xml(domain.uuid, state, signal) : undefined
    return document === undefined ? undefined : parseXml(document, "domain")
  }
  const [live, config] = await Promise.all([read(domain.running, "live"), read(domain.persistent, "config")])
  return { domain, live, config }
}

/** All domains; the calls are pipelined. */
export async function listDomainDocuments(libvirt: Libvirt, signal: AbortSignal): Promise<readonly DomainDocuments[]> {
  const domains = await libvirt.domains.list(signal)
  return Promise.all(domains.map((domain) => readDomainDocuments(libvirt, domain, signal)))
}

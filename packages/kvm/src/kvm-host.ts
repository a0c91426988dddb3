import { KeyedQueue } from "@slash64/core"
import type { Call, HypervisorHost, NicSpec } from "@slash64/core"
import { describeHost } from "./host/describe-host.ts"
import { watchHost } from "./host/watch-host.ts"
import type { HostParts } from "./libvirt/parts.ts"
import { ensureNetwork } from "./network/ensure-network.ts"
import { listNetworks } from "./network/list-networks.ts"
import { mendPorts } from "./network/mend-ports.ts"
import { removeNetwork } from "./network/remove-network.ts"
import { attachNic } from "./nic/attach-nic.ts"
import { detachNic } from "./nic/detach-nic.ts"
import { interfaceXml } from "./nic/interface-xml.ts"
import { listNics } from "./nic/list-nics.ts"
import { observeNic } from "./nic/observe-nic.ts"
import { ensureRouter, prepareRouter } from "./router/ensure-router.ts"
import { findRouter, listRouters } from "./router/find-router.ts"
import { haltRouter } from "./router/halt-router.ts"
import { openRouterStream } from "./router/open-router-stream.ts"
import { removeRouter } from "./router/remove-router.ts"
import { ensureTemplate } from "./template/ensure-template.ts"
import { listTemplates } from "./template/find-template.ts"
import { removeTemplate } from "./template/remove-template.ts"
import { findVm, findVmsByName } from "./vm/find-vm.ts"

/** A libvirt host, with one ability beside the contract. */
export interface KvmHost extends HypervisorHost {
  /**
   * The `<interface>` of a NIC, for a server that writes its own domain XML: put into `<devices>`, the NIC is known
   * to attachNic, detachNic and listNics as if they had plugged it. NOT_FOUND when the network is not on this host.
   */
  interfaceXml(nic: Pick<NicSpec, "id" | "networkId" | "mac">, call: Call): Promise<string>
}

/** The verbs on one connected host. What changes one object is done one at a time; others go on beside it. */
export function kvmHost(parts: HostParts, hangUp: () => Promise<void>): KvmHost {
  const { libvirt } = parts
  const queue = new KeyedQueue()
  let closed: Promise<void> | undefined
  return {
    describeHost: (call) => describeHost(parts, call),
    ensureNetwork: (network, call) =>
      queue.run("networks", call, async () => {
        const made = await ensureNetwork(parts, network, call)
        await mendPorts(parts, network.id, call.signal)
        return made
      }),
    removeNetwork: (id, call) => queue.run("networks", call, () => removeNetwork(parts, id, call)),
    listNetworks: (call) => listNetworks(parts, call),
    attachNic: (nic, call) => queue.run(`vm ${nic.vmId}`, call, () => attachNic(libvirt, nic, call)),
    detachNic: (nic, call) => queue.run(`nic ${nic.id}`, call, () => detachNic(libvirt, nic, call)),
    listNics: (call) => listNics(libvirt, call),
    observeNic: (nic, call) => observeNic(libvirt, nic, call),
    findVm: (id, call) => findVm(libvirt, id, call),
    findVmsByName: (name, call) => findVmsByName(libvirt, name, call),
    ensureTemplate: (template, call) => queue.run("templates", call, () => ensureTemplate(parts, template, call)),
    listTemplates: (call) => listTemplates(parts, call),
    removeTemplate: (digest, call) => queue.run("templates", call, () => removeTemplate(parts, digest, call)),
    ensureRouter: (router, call) => queue.run("routers", call, () => ensureRouter(parts, router, call)),
    removeRouter: (id, call) => queue.run("routers", call, () => removeRouter(parts, id, call)),
    prepareRouter: (router, call) => queue.run("routers", call, () => prepareRouter(parts, router, call)),
    haltRouter: (id, call) => queue.run("routers", call, () => haltRouter(parts, id, call)),
    findRouter: (id, call) => findRouter(libvirt, id, call),
    listRouters: (call) => listRouters(libvirt, call),
    openRouterStream: (id, call) => openRouterStream(parts, id, call),
    watch: (call) => watchHost(libvirt, call),
    interfaceXml: (nic, call) => interfaceXml(libvirt, nic, call),
    close: () => (closed ??= hangUp()),
  }
}

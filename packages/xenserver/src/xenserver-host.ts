import { type HypervisorHost, KeyedQueue, Slash64Error } from "@slash64/core"
import { describeHost } from "./host/describe-host.ts"
import { ensureNetwork } from "./network/ensure-network.ts"
import { listNetworks } from "./network/find-network.ts"
import { removeNetwork } from "./network/remove-network.ts"
import { attachNic } from "./nic/attach-nic.ts"
import { detachNic } from "./nic/detach-nic.ts"
import { listNics } from "./nic/list-nics.ts"
import type { HostParts } from "./parts.ts"
import { ensureRouter } from "./router/ensure-router.ts"
import { findRouter, listRouters } from "./router/find-router.ts"
import { removeRouter } from "./router/remove-router.ts"
import { ensureTemplate } from "./template/ensure-template.ts"
import { listTemplates } from "./template/find-template.ts"
import { removeTemplate } from "./template/remove-template.ts"
import { findVm, findVmsByName } from "./vm/find-vm.ts"

/** The verbs on one connected pool. What changes one object is done one at a time; others go on beside it. */
export function xenserverHost(parts: HostParts): HypervisorHost {
  const { xapi } = parts
  const queue = new KeyedQueue()
  let closed: Promise<void> | undefined
  return {
    describeHost: (call) => describeHost(xapi, call),
    ensureNetwork: (network, call) => queue.run("networks", call, () => ensureNetwork(xapi, network, call)),
    removeNetwork: (id, call) => queue.run("networks", call, () => removeNetwork(xapi, id, call)),
    listNetworks: (call) => listNetworks(xapi, call),
    // XAPI keeps neither MACs nor our ids unique.
    attachNic: (nic, call) => queue.run("nics", call, () => attachNic(xapi, nic, call)),
    detachNic: (nic, call) => queue.run(`detach ${nic.id}`, call, () => detachNic(xapi, nic, call)),
    listNics: (call) => listNics(xapi, call),
    findVm: (id, call) => findVm(xapi, id, call),
    findVmsByName: (name, call) => findVmsByName(xapi, name, call),
    ensureTemplate: (template, call) => queue.run("templates", call, () => ensureTemplate(parts, template, call)),
    listTemplates: (call) => listTemplates(xapi, call),
    removeTemplate: (digest, call) => queue.run("templates", call, () => removeTemplate(xapi, digest, call)),
    ensureRouter: (router, call) => queue.run(`router ${router.id}`, call, () => ensureRouter(parts, router, call)),
    removeRouter: (id, call) => queue.run(`router ${id}`, call, () => removeRouter(xapi, id, call)),
    findRouter: (id, call) => findRouter(xapi, id, call),
    listRouters: (call) => listRouters(xapi, call),
    observeNic: notYet("observeNic"),
    openRouterStream: notYet("openRouterStream"),
    close: () => (closed ??= xapi.close()),
  }
}

function notYet(verb: string): () => Promise<never> {
  return async () => {
    throw new Slash64Error("UNIMPLEMENTED", `${verb}: this version has no way to routers on a pool`, {
      hint: "Run the network's router on a KVM host.",
    })
  }
}

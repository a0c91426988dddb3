import { KeyedQueue, Slash64Error } from "@slash64/core"
import type { HypervisorHost } from "@slash64/core"
import { describeHost } from "./host/describe-host.ts"
import { ensureNetwork } from "./network/ensure-network.ts"
import { listNetworks } from "./network/find-network.ts"
import { removeNetwork } from "./network/remove-network.ts"
import { attachNic } from "./nic/attach-nic.ts"
import { detachNic } from "./nic/detach-nic.ts"
import { listNics } from "./nic/list-nics.ts"
import { findVm, findVmsByName } from "./vm/find-vm.ts"
import type { Xapi } from "./xapi/xapi.ts"

/** The verbs on one connected pool. What changes one object is done one at a time; others go on beside it. */
export function xenserverHost(xapi: Xapi): HypervisorHost {
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
    observeNic: notYet("observeNic"),
    ensureTemplate: notYet("ensureTemplate"),
    listTemplates: notYet("listTemplates"),
    removeTemplate: notYet("removeTemplate"),
    ensureRouter: notYet("ensureRouter"),
    removeRouter: notYet("removeRouter"),
    findRouter: notYet("findRouter"),
    listRouters: notYet("listRouters"),
    openRouterStream: notYet("openRouterStream"),
    close: () => (closed ??= xapi.close()),
  }
}

function notYet(verb: string): () => Promise<never> {
  return async () => {
    throw new Slash64Error("UNIMPLEMENTED", `${verb}: this version has no routers on a pool`, {
      hint: "Run the network's router on a KVM host.",
    })
  }
}

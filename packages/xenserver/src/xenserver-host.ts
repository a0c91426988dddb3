import { type Call, type HypervisorHost, KeyedQueue } from "@slash64/core"
import { describeHost } from "./host/describe-host.ts"
import { ensureNetwork } from "./network/ensure-network.ts"
import { listNetworks } from "./network/find-network.ts"
import { removeNetwork } from "./network/remove-network.ts"
import { attachNic } from "./nic/attach-nic.ts"
import { detachNic } from "./nic/detach-nic.ts"
import { listNics } from "./nic/list-nics.ts"
import { observeNic } from "./nic/observe-nic.ts"
import type { HostParts } from "./parts.ts"
import { ensureRouter, prepareRouter } from "./router/ensure-router.ts"
import { findRouter, listRouters } from "./router/find-router.ts"
import { haltRouter } from "./router/halt-router.ts"
import { removeRouter } from "./router/remove-router.ts"
import { openRouterStream } from "./stream/open-router-stream.ts"
import { SshJump } from "./stream/ssh-jump.ts"
import { ensureTemplate } from "./template/ensure-template.ts"
import { listTemplates } from "./template/find-template.ts"
import { removeTemplate } from "./template/remove-template.ts"
import { findVm, findVmsByName } from "./vm/find-vm.ts"
import { letGuestsOut } from "./watch/let-guests-out.ts"
import { watchPool } from "./watch/watch-pool.ts"
import type { Xapi } from "./xapi/xapi.ts"

/** The verbs on one connected pool. What changes one object is done one at a time; others go on beside it. */
export function xenserverHost(parts: HostParts, openXapi: () => Xapi): HypervisorHost {
  const { xapi, config } = parts
  const queue = new KeyedQueue()
  const jump = config.ssh && new SshJump(config.ssh)
  const closing = new AbortController()
  let closed: Promise<void> | undefined
  const hangUp = async (): Promise<void> => {
    closing.abort()
    await Promise.all([xapi.close(), jump?.close()])
  }
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
    removeTemplate: (digest, call) => queue.run("templates", call, () => removeTemplate(parts, digest, call)),
    ensureRouter: (router, call) => queue.run(`router ${router.id}`, call, () => ensureRouter(parts, router, call)),
    removeRouter: (id, call) => queue.run(`router ${id}`, call, () => removeRouter(parts, id, call)),
    prepareRouter: (router, call) => queue.run(`router ${router.id}`, call, () => prepareRouter(parts, router, call)),
    haltRouter: (id, call) => queue.run(`router ${id}`, call, () => haltRouter(parts, id, call)),
    findRouter: (id, call) => findRouter(xapi, id, call),
    listRouters: (call) => listRouters(xapi, call),
    observeNic: (nic, call) => observeNic(xapi, nic, call),
    openRouterStream: (id, call) => openRouterStream(parts, jump, id, call),
    watch(call) {
      const until = untilClosed(call, closing.signal)
      const onGuest = (vms: readonly string[]): Promise<void> =>
        queue.run("nics", until, () => letGuestsOut(xapi, vms, until))
      return watchPool({ xapi: openXapi(), onGuest }, until)
    },
    close: () => (closed ??= hangUp()),
  }
}

/** The same call, which the end of the connection ends too. */
function untilClosed(call: Call, closed: AbortSignal): Call {
  return {
    requestId: call.requestId,
    signal: AbortSignal.any([call.signal, closed]),
    report: (progress) => call.report(progress),
  }
}

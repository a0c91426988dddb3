import { parseNicMac, type Call, type RouterControl, type RouterEndpoint } from "@slash64/core"
import type { KeyStore } from "./keys/key-store.ts"
import { pushState, type KnownRouter } from "./push/push-state.ts"
import { RouterCommands } from "./push/router-commands.ts"
import { RouterSession, defaultTimeouts, type RouterTimeouts } from "./push/router-session.ts"
import { HostRenderer } from "./render/render-hosts.ts"
import { renderSeed } from "./seed/render-seed.ts"

export interface RouterControlOptions {
  readonly keys: KeyStore
  readonly timeouts?: Partial<RouterTimeouts>
}

/** Drives router VMs over SSH, one held connection each, which is closed when it has been idle for a while. `close` ends them and what is under way on them. */
export function createRouterControl({ keys, timeouts }: RouterControlOptions): RouterControl {
  const limits = { ...defaultTimeouts, ...timeouts }
  const routers = new Map<string, HeldRouter>()

  function held(router: RouterEndpoint): HeldRouter {
    const name = `${router.vmId} ${router.hostKey}`
    const known = routers.get(name)
    if (known) return known
    const session = new RouterSession(() => keys.managementKey(), limits)
    const fresh: HeldRouter = {
      commands: new RouterCommands(session, limits),
      renderer: new HostRenderer(),
      held: undefined,
    }
    routers.set(name, fresh)
    return fresh
  }

  return {
    async identity(routerId) {
      return { hostKey: (await keys.hostKey(routerId)).publicKey }
    },
    async seed(request) {
      const [management, host] = await Promise.all([keys.managementKey(), keys.hostKey(request.routerId)])
      return renderSeed(request, { managementKey: management.publicKey, hostPrivateKey: host.privateKey })
    },
    async push(router, state, call) {
      const target = held(router)
      const pushed = await pushState(target.commands, router, state, target, call)
      target.held = pushed.held
      return pushed.result
    },
    async status(router, call) {
      return held(router).commands.status(router, call)
    },
    async releaseLeases(router, mac, call: Call) {
      return held(router).commands.release(router, parseNicMac("mac", mac), call)
    },
    async readLeases(router, call) {
      return held(router).commands.leases(router, call)
    },
    async restoreLeases(router, leases, call) {
      return held(router).commands.restore(router, leases, call)
    },
    async close() {
      for (const { commands } of routers.values()) commands.close()
      routers.clear()
    },
  }
}

interface HeldRouter extends KnownRouter {
  readonly commands: RouterCommands
}

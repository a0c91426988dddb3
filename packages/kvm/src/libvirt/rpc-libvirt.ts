import type { Connection } from "@slash64/libvirt-rpc"
import { isNative } from "../errors/translate-libvirt.ts"
import type { Libvirt } from "./libvirt.ts"
import { rpcDomains } from "./rpc-domains.ts"
import { RpcEvents } from "./rpc-events.ts"
import { rpcNetworks } from "./rpc-networks.ts"
import { rpcPools } from "./rpc-pools.ts"
import { RpcSession } from "./rpc-session.ts"

/** libvirt over its own RPC. `open` makes a connection that is ready for calls. */
export function rpcLibvirt(open: (signal: AbortSignal) => Promise<Connection>): Libvirt {
  const session = new RpcSession(open)
  const events = new RpcEvents(session)
  return {
    networks: rpcNetworks(session),
    domains: rpcDomains(session),
    pools: rpcPools(session),
    async versions(signal) {
      const { lib_ver: libvirt } = await session.run(signal, (rpc, options) => rpc.connectGetLibVersion(options))
      // libvirt gives an internal error where no QEMU is installed.
      const hypervisor = await session
        .run(signal, async (rpc, options) => formatVersion((await rpc.connectGetVersion(options)).hv_ver))
        .catch((error: unknown) => (isNative(error, "VIR_ERR_INTERNAL_ERROR") ? undefined : Promise.reject(error)))
      return { libvirt: formatVersion(libvirt), hypervisor }
    },
    async capabilities(signal) {
      return (await session.run(signal, (rpc, options) => rpc.connectGetCapabilities(options))).capabilities
    },
    events: (signal) => events.read(signal),
    close: () => session.close(),
  }
}

/** libvirt packs 9.0.1 into 9,000,001 (virGetVersion). */
function formatVersion(packed: bigint): string {
  return [packed / 1_000_000n, (packed / 1000n) % 1000n, packed % 1000n].join(".")
}

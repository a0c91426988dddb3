import { isNative } from "../errors/translate-libvirt.ts"
import type { LibvirtNetworks } from "./libvirt.ts"
import type { RpcSession } from "./rpc-session.ts"

const absent = "VIR_ERR_NO_NETWORK"

export function rpcNetworks(session: RpcSession): LibvirtNetworks {
  const documentOf = (net: { readonly name: string; readonly uuid: string }, signal: AbortSignal) =>
    session.find(signal, absent, async (rpc, options) => (await rpc.networkGetXmlDesc({ net, flags: 0 }, options)).xml)
  const lookup = (name: string, signal: AbortSignal) =>
    session.run(signal, async (rpc, options) => (await rpc.networkLookupByName({ name }, options)).net)
  const find = (name: string, signal: AbortSignal) =>
    session.find(signal, absent, async (rpc, options) => (await rpc.networkLookupByName({ name }, options)).net)

  const isActive = (net: { readonly name: string; readonly uuid: string }, signal: AbortSignal) =>
    session.find(signal, absent, async (rpc, options) => (await rpc.networkIsActive({ net }, options)).active === 1)

  return {
    async list(signal) {
      const { nets } = await session.run(signal, (rpc, options) =>
        rpc.connectListAllNetworks({ need_results: 1, flags: 0 }, options),
      )
      const listed = nets.map(async (net) => {
        const document = await documentOf(net, signal)
        return document === undefined ? [] : [{ document, isActive: (await isActive(net, signal)) === true }]
      })
      return (await Promise.all(listed)).flat()
    },
    async find(name, signal) {
      const net = await find(name, signal)
      return net === undefined ? undefined : documentOf(net, signal)
    },
    async define(xml, signal) {
      await session.run(signal, (rpc, options) => rpc.networkDefineXml({ xml }, options))
    },
    async setAutostart(name, signal) {
      const net = await lookup(name, signal)
      await session.run(signal, (rpc, options) => rpc.networkSetAutostart({ net, autostart: 1 }, options))
    },
    async start(name, signal) {
      const net = await lookup(name, signal)
      if ((await isActive(net, signal)) === true) return
      try {
        await session.run(signal, (rpc, options) => rpc.networkCreate({ net }, options))
      } catch (error) {
        if (!isNative(error, "VIR_ERR_OPERATION_INVALID") || (await isActive(net, signal)) !== true) throw error
      }
    },
    async stop(name, signal) {
      const net = await find(name, signal)
      if (net === undefined) return
      try {
        await session.run(signal, (rpc, options) => rpc.networkDestroy({ net }, options))
      } catch (error) {
        // It was not active.
        if (!isNative(error, absent, "VIR_ERR_OPERATION_INVALID")) throw error
      }
    },
    async undefine(name, signal) {
      await session.remove(
        signal,
        () => find(name, signal),
        async (rpc, options) => {
          const { net } = await rpc.networkLookupByName({ name }, options)
          await rpc.networkUndefine({ net }, options)
        },
      )
    },
    async portIds(name, signal) {
      const network = await find(name, signal)
      if (network === undefined || (await isActive(network, signal)) !== true) return []
      const { ports } = await session.run(signal, (rpc, options) =>
        rpc.networkListAllPorts({ network, need_results: 1, flags: 0 }, options),
      )
      return ports.map(({ uuid }) => uuid)
    },
  }
}

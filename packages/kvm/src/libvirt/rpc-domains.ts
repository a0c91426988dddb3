import { isSlash64Error } from "@slash64/core"
import {
  type Domain as WireDomain,
  VIR_DOMAIN_AFFECT_CONFIG,
  VIR_DOMAIN_AFFECT_LIVE,
  VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT,
  VIR_DOMAIN_UNDEFINE_MANAGED_SAVE,
  VIR_DOMAIN_UNDEFINE_NVRAM,
  VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA,
  VIR_DOMAIN_XML_INACTIVE,
} from "@slash64/libvirt-rpc"
import { isNative } from "../errors/translate-libvirt.ts"
import type { DeviceTarget, Domain, LibvirtDomains } from "./libvirt.ts"
import type { RpcSession } from "./rpc-session.ts"

const absent = "VIR_ERR_NO_DOMAIN"

export function rpcDomains(session: RpcSession): LibvirtDomains {
  const find = (uuid: string, signal: AbortSignal) =>
    session.find(signal, absent, async (rpc, options) => (await rpc.domainLookupByUuid({ uuid }, options)).dom)
  const lookup = (uuid: string, signal: AbortSignal) =>
    session.run(signal, async (rpc, options) => (await rpc.domainLookupByUuid({ uuid }, options)).dom)
  const describe = (dom: WireDomain, signal: AbortSignal): Promise<Domain | undefined> =>
    session.find(signal, absent, async (rpc, options) => {
      const [{ active }, { persistent }] = await Promise.all([
        rpc.domainIsActive({ dom }, options),
        rpc.domainIsPersistent({ dom }, options),
      ])
      return { uuid: dom.uuid, name: dom.name, running: active === 1, persistent: persistent === 1 }
    })

  return {
    async list(signal) {
      const { domains } = await session.run(signal, (rpc, options) =>
        rpc.connectListAllDomains({ need_results: 1, flags: 0 }, options),
      )
      const described = await Promise.all(domains.map((dom) => describe(dom, signal)))
      return described.filter((domain) => domain !== undefined)
    },
    async find(uuid, signal) {
      const dom = await find(uuid, signal)
      return dom === undefined ? undefined : describe(dom, signal)
    },
    async findByName(name, signal) {
      const dom = await session.find(
        signal,
        absent,
        async (rpc, options) => (await rpc.domainLookupByName({ name }, options)).dom,
      )
      return dom === undefined ? undefined : describe(dom, signal)
    },
    async xml(uuid, state, signal) {
      const dom = await find(uuid, signal)
      if (dom === undefined) return undefined
      const flags = state === "config" ? VIR_DOMAIN_XML_INACTIVE : 0
      return session.find(
        signal,
        absent,
        async (rpc, options) => (await rpc.domainGetXmlDesc({ dom, flags }, options)).xml,
      )
    },
    async define(xml, signal) {
      await session.run(signal, (rpc, options) => rpc.domainDefineXml({ xml }, options))
    },
    async setAutostart(uuid, autostart, signal) {
      const dom = await lookup(uuid, signal)
      await session.run(signal, (rpc, options) =>
        rpc.domainSetAutostart({ dom, autostart: autostart ? 1 : 0 }, options),
      )
    },
    async start(uuid, signal) {
      const dom = await lookup(uuid, signal)
      try {
        await session.run(signal, (rpc, options) => rpc.domainCreateWithFlags({ dom, flags: 0 }, options))
      } catch (error) {
        if (!isNative(error, "VIR_ERR_OPERATION_INVALID")) throw error
        if ((await describe(dom, signal))?.running !== true) throw error
      }
    },
    async destroy(uuid, signal) {
      const dom = await find(uuid, signal)
      if (dom === undefined) return
      try {
        await session.run(signal, (rpc, options) => rpc.domainDestroyFlags({ dom, flags: 0 }, options))
      } catch (error) {
        // It did not run.
        if (!isNative(error, absent, "VIR_ERR_OPERATION_INVALID")) throw error
      }
    },
    async undefine(uuid, signal) {
      const flags =
        VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA | VIR_DOMAIN_UNDEFINE_NVRAM
      await session.remove(
        signal,
        () => find(uuid, signal),
        async (rpc, options) => {
          const { dom } = await rpc.domainLookupByUuid({ uuid }, options)
          await rpc.domainUndefineFlags({ dom, flags }, options)
        },
      )
    },
    async attachDevice(uuid, xml, target, signal) {
      const dom = await lookup(uuid, signal)
      await session.run(signal, (rpc, options) =>
        rpc.domainAttachDeviceFlags({ dom, xml, flags: impact(target) }, options),
      )
    },
    async updateDevice(uuid, xml, target, signal) {
      const dom = await lookup(uuid, signal)
      await session.run(signal, (rpc, options) =>
        rpc.domainUpdateDeviceFlags({ dom, xml, flags: impact(target) }, options),
      )
    },
    async detachDevice(uuid, alias, target, signal) {
      const dom = await lookup(uuid, signal)
      try {
        await session.run(signal, (rpc, options) =>
          rpc.domainDetachDeviceAlias({ dom, alias, flags: impact(target) }, options),
        )
      } catch (error) {
        // A request that was sent before this one may have ended only now.
        if (!isSlash64Error(error) || error.code !== "NOT_FOUND") throw error
      }
    },
    async agentInterfaces(uuid, signal) {
      const dom = await find(uuid, signal)
      if (dom === undefined) return undefined
      try {
        const source = VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT
        const { ifaces } = await session.run(signal, (rpc, options) =>
          rpc.domainInterfaceAddresses({ dom, source, flags: 0 }, options),
        )
        return ifaces.map(({ name, hwaddr, addrs }) => ({
          name,
          mac: hwaddr ?? "",
          addresses: addrs.map(({ addr }) => addr),
        }))
      } catch (error) {
        // No agent channel, no agent behind it, or the VM stopped meanwhile.
        const quiet = [
          "VIR_ERR_AGENT_UNRESPONSIVE",
          "VIR_ERR_ARGUMENT_UNSUPPORTED",
          "VIR_ERR_CONFIG_UNSUPPORTED",
          "VIR_ERR_OPERATION_INVALID",
        ]
        if (isNative(error, absent, "VIR_ERR_AGENT_UNSYNCED", "VIR_ERR_OPERATION_UNSUPPORTED", ...quiet))
          return undefined
        throw error
      }
    },
  }
}

function impact({ live, config }: DeviceTarget): number {
  return (live ? VIR_DOMAIN_AFFECT_LIVE : 0) | (config ? VIR_DOMAIN_AFFECT_CONFIG : 0)
}

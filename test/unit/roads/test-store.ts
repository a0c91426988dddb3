import { Slash64Error, duidLl, ipv6FromBigInt, ipv6ToBigInt, macForNic } from "@slash64/core"
import type { HostRecord, Nic, NicClaim, Router, SharedNetwork, Store, TemplateRecord } from "@slash64/core"

/** The least store that roads can be tested on: sequential addresses, everything in memory. */
export function newTestStore(): Store {
  const networks = new Map<string, SharedNetwork>()
  const revisions = new Map<string, number>()
  const nics = new Map<string, Nic>()
  const routers = new Map<string, Router>()
  const hosts = new Map<string, HostRecord>()
  const templates = new Map<string, TemplateRecord>()

  const raise = (networkId: string): void => void revisions.set(networkId, (revisions.get(networkId) ?? 0) + 1)
  const nicsOf = (networkId: string): Nic[] => [...nics.values()].filter((nic) => nic.networkId === networkId)
  const routerOf = (networkId: string): Router | undefined =>
    routers.values().find((router) => router.networkId === networkId)

  return {
    async createNetwork(network) {
      const there = networks.get(network.id)
      if (there !== undefined && JSON.stringify(there) !== JSON.stringify(network)) throw exists("network", network.id)
      networks.set(network.id, network)
      if (there === undefined) raise(network.id)
      return network
    },
    findNetwork: async (name) => networks.get(name) ?? networks.values().find((network) => network.name === name),
    listNetworks: async () => [...networks.values()],
    async removeNetwork(id) {
      if (nicsOf(id).length > 0 || routerOf(id) !== undefined) throw inUse("network", id)
      networks.delete(id)
    },
    async claimNic(claim) {
      const there = nics.get(claim.id)
      if (there !== undefined) return there
      const nic = makeNic(claim, networks.get(claim.networkId), nicsOf(claim.networkId))
      nics.set(nic.id, nic)
      raise(nic.networkId)
      return nic
    },
    async markNic(id, state) {
      const nic = nics.get(id)
      if (nic === undefined) throw absent("nic", id)
      if (nic.state === state) return nic
      if (nic.state === "leaving") throw inUse("nic", id)
      const marked = { ...nic, state }
      nics.set(id, marked)
      if (state === "leaving") raise(nic.networkId)
      return marked
    },
    findNic: async (id) => nics.get(id),
    listNics: async (filter = {}) =>
      [...nics.values()].filter(
        (nic) =>
          (filter.networkId === undefined || nic.networkId === filter.networkId) &&
          (filter.vmId === undefined || nic.vmId === filter.vmId),
      ),
    async freeNic(id) {
      nics.delete(id)
    },
    async createRouter(router) {
      const there = routerOf(router.networkId)
      if (there !== undefined && there.id !== router.id) throw exists("router", router.id)
      if (there !== undefined) return there
      routers.set(router.id, router)
      raise(router.networkId)
      return router
    },
    async markRouter(id, state) {
      const router = routers.get(id)
      if (router === undefined) throw absent("router", id)
      const marked = { ...router, state }
      routers.set(id, marked)
      return marked
    },
    findRouter: async (networkId) => routerOf(networkId),
    listRouters: async () => [...routers.values()],
    async removeRouter(id) {
      routers.delete(id)
    },
    async readNetwork(id) {
      const network = networks.get(id)
      if (network === undefined) return undefined
      const router = routerOf(id)
      const present = nicsOf(id).filter((nic) => nic.state !== "leaving")
      const snapshot = { revision: revisions.get(id) ?? 1, network, nics: present }
      return router === undefined ? snapshot : { ...snapshot, router }
    },
    async putHost(host) {
      hosts.set(host.name, host)
      return host
    },
    findHost: async (name) => hosts.get(name),
    listHosts: async () => [...hosts.values()],
    async putTemplate(template) {
      templates.set(template.digest, template)
      return template
    },
    listTemplates: async () => [...templates.values()],
    async close() {},
  }
}

function makeNic(claim: NicClaim, network: SharedNetwork | undefined, others: readonly Nic[]): Nic {
  if (network?.ipv6 === undefined) throw absent("network", claim.networkId)
  const taken = new Set(others.map((nic) => nic.ipv6))
  let next = ipv6ToBigInt(network.ipv6.range.start)
  while (taken.has(ipv6FromBigInt(next))) next += 1n
  const mac = claim.mac ?? macForNic(claim.id)
  return {
    id: claim.id,
    networkId: claim.networkId,
    host: claim.host,
    vmId: claim.vmId,
    mac,
    duid: duidLl(mac),
    ipv6: ipv6FromBigInt(next),
    hostname: claim.hostname,
    isDefault: claim.isDefault ?? true,
    state: "claimed",
  }
}

function exists(kind: string, id: string): Slash64Error {
  return new Slash64Error("ALREADY_EXISTS", `${kind} ${id} exists with other content`)
}

function absent(kind: string, id: string): Slash64Error {
  return new Slash64Error("NOT_FOUND", `${kind} ${id} does not exist`)
}

function inUse(kind: string, id: string): Slash64Error {
  return new Slash64Error("FAILED_PRECONDITION", `${kind} ${id} is in use`)
}

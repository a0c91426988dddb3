import { stat } from "node:fs/promises"
import { PassThrough } from "node:stream"
import type { Duplex } from "node:stream"
import {
  Slash64Error,
  abortError,
  checkAborted,
  checkNetworkSpec,
  checkNicSpec,
  checkRouterSpec,
  checkTemplateFile,
  contractVersion,
  invalid,
  parseId,
  parseTemplateDigest,
} from "@slash64/core"
import type {
  Call,
  HostDescription,
  HostEvent,
  HostNetwork,
  HostNic,
  HostRouter,
  HostTemplate,
  HostVm,
  HypervisorHost,
  HypervisorPlugin,
  NetworkSpec,
  NicRef,
  NicSpec,
  ObservedNic,
  RouterSpec,
  TemplateSpec,
} from "@slash64/core"
import { bug, inUse, macTaken, missing, sameOrThrow } from "./memory-errors.ts"
import { newMemoryWorld, showNic, tellEvent } from "./memory-world.ts"
import type { MemoryRouterVm, MemoryWorld, Verb } from "./memory-world.ts"
import { bridgeOf, deviceOf } from "./memory-specs.ts"
import { watchWorld } from "./memory-watch.ts"

/** The plugin of hosts in memory: a world a plugin, so that a second connection finds what the first one made. */
export function memoryPlugin(world: MemoryWorld = newMemoryWorld()): HypervisorPlugin<undefined> {
  return {
    name: "memory",
    contract: contractVersion,
    parseConfig(input) {
      if (input === undefined || (typeof input === "object" && input !== null && Object.keys(input).length === 0))
        return
      // Not the values: somebody may have put a password where this plugin knows none.
      const keys = typeof input === "object" && input !== null ? Object.keys(input).join(", ") : typeof input
      throw invalid("config", keys, "a host in memory has no settings", "Leave the configuration empty.")
    },
    connect: async (_config, call) => {
      checkAborted(call.signal)
      return new MemoryHost(world)
    },
  }
}

/** A hypervisor host in memory that keeps the contract to the letter: the reference, and the host of road tests. */
export class MemoryHost implements HypervisorHost {
  readonly watch?: (call: Call) => AsyncIterable<HostEvent>
  readonly #world: MemoryWorld
  #closed = false

  constructor(world: MemoryWorld) {
    this.#world = world
    if (world.capabilities.watch !== false) this.watch = (call) => watchWorld(world, call)
  }

  describeHost(call: Call): Promise<HostDescription> {
    return this.#act("describeHost", call, () => ({
      hypervisor: "memory",
      version: contractVersion,
      capabilities: {
        attachments: ["isolated", "bridge", "vlan", "openvswitch"],
        liveAttach: true,
        portSecurity: true,
        securityGroups: false,
        watch: true,
        acceleration: "none",
        ...this.#world.capabilities,
      },
      findings: [],
    }))
  }

  ensureNetwork(spec: NetworkSpec, call: Call): Promise<HostNetwork> {
    return this.#act("ensureNetwork", call, () => {
      checkNetworkSpec(spec, this.#world.capabilities.attachments)
      const { networks, devices } = this.#world
      const there = networks.get(spec.id)
      const { id, attachment, mtu } = spec
      if (there !== undefined) {
        const { down: _isUp, ...kept } = sameOrThrow("network", there, { id, attachment, mtu })
        networks.set(id, kept)
        return kept
      }
      const needs = deviceOf(spec)
      if (needs !== undefined && !devices.has(needs)) throw missing("attachment", needs, "no such device on the host")
      const made = { id, attachment, mtu, bridge: bridgeOf(spec) }
      networks.set(id, made)
      return made
    })
  }

  removeNetwork(networkId: string, call: Call): Promise<void> {
    return this.#act("removeNetwork", call, () => {
      const { nics, routers, networks } = this.#world
      const nic = nics.values().find((one) => one.networkId === networkId)
      const router = routers.values().find((one) => one.nics.some((port) => port.networkId === networkId))
      if (nic !== undefined) throw inUse("network", networkId, `NIC ${nic.id}`)
      if (router !== undefined) throw inUse("network", networkId, `router ${router.id}`)
      networks.delete(networkId)
    })
  }

  listNetworks(call: Call): Promise<readonly HostNetwork[]> {
    return this.#act("listNetworks", call, () => [...this.#world.networks.values()])
  }

  attachNic(spec: NicSpec, call: Call): Promise<HostNic> {
    return this.#act("attachNic", call, () => {
      checkNicSpec(spec, { portSecurity: this.#world.capabilities.portSecurity ?? true })
      const { nics, vms, networks } = this.#world
      const there = showNic(this.#world, spec.id)
      const { id, vmId, networkId, mac } = spec
      if (there !== undefined) sameOrThrow("nic", there, { id, vmId, networkId, mac })
      const vm = vms.get(vmId)
      if (vm === undefined) throw missing("vmId", vmId, "no such VM on the host")
      if (!networks.has(networkId)) throw missing("networkId", networkId, "ensureNetwork has not made it here")
      const twin = nics.values().find((nic) => nic.vmId === vmId && nic.mac === mac && nic.id !== id)
      if (twin !== undefined) throw macTaken(spec, twin.id)
      nics.set(id, {
        ...structuredClone(spec),
        persistent: nics.get(id)?.persistent ?? vm.persistent,
        port: nics.get(id)?.port ?? `vnet${nics.size}`,
      })
      return showNic(this.#world, id) ?? bug(`NIC ${id} was made and is not there`)
    })
  }

  detachNic(ref: NicRef, call: Call): Promise<void> {
    return this.#act("detachNic", call, () => {
      const { nics, observed } = this.#world
      const { id: nicId, vmId } = ref
      if (nics.get(nicId)?.vmId !== vmId) return
      if (showNic(this.#world, nicId)?.live === true) tellEvent(this.#world, { kind: "nic-unplugged", vmId, nicId })
      nics.delete(ref.id)
      observed.delete(ref.id)
    })
  }

  listNics(call: Call): Promise<readonly HostNic[]> {
    return this.#act("listNics", call, () =>
      [...this.#world.nics.keys()].flatMap((id) => showNic(this.#world, id) ?? []),
    )
  }

  observeNic(ref: NicRef, call: Call): Promise<ObservedNic | undefined> {
    return this.#act("observeNic", call, () => {
      const addresses = this.#world.observed.get(ref.id)
      return addresses === undefined ? undefined : { source: "hypervisor", addresses }
    })
  }

  findVm(vmId: string, call: Call): Promise<HostVm | undefined> {
    return this.#act("findVm", call, () => this.#world.vms.get(vmId))
  }

  findVmsByName(name: string, call: Call): Promise<readonly HostVm[]> {
    return this.#act("findVmsByName", call, () => [...this.#world.vms.values()].filter((vm) => vm.name === name))
  }

  ensureTemplate(spec: TemplateSpec, call: Call): Promise<HostTemplate> {
    return this.#act("ensureTemplate", call, async () => {
      const { templates } = this.#world
      const there = templates.get(spec.digest)
      if (there !== undefined) return there
      parseTemplateDigest("template.digest", spec.digest)
      await checkTemplateFile(spec, call)
      const { size } = await stat(spec.file)
      call.report({ step: "uploading router template", done: size, total: size, unit: "bytes" })
      const made = { digest: spec.digest, version: spec.version }
      templates.set(spec.digest, made)
      return made
    })
  }

  listTemplates(call: Call): Promise<readonly HostTemplate[]> {
    return this.#act("listTemplates", call, () => [...this.#world.templates.values()])
  }

  removeTemplate(digest: string, call: Call): Promise<void> {
    return this.#act("removeTemplate", call, () => {
      parseTemplateDigest("template.digest", digest)
      const router = this.#world.routers.values().find((one) => one.templateDigest === digest)
      if (router !== undefined) throw inUse("template", digest, `router ${router.id}`)
      this.#world.templates.delete(digest)
    })
  }

  ensureRouter(spec: RouterSpec, call: Call): Promise<HostRouter> {
    return this.#act("ensureRouter", call, () => {
      const router = this.#makeRouter(spec)
      router.running = true
      return showRouter(router)
    })
  }

  prepareRouter(spec: RouterSpec, call: Call): Promise<HostRouter> {
    return this.#act("prepareRouter", call, () => showRouter(this.#makeRouter(spec)))
  }

  haltRouter(routerId: string, call: Call): Promise<void> {
    return this.#act("haltRouter", call, () => {
      const router = this.#world.routers.get(parseId("router.id", routerId))
      if (router !== undefined) router.running = false
    })
  }

  #makeRouter(spec: RouterSpec): MemoryRouterVm {
    checkRouterSpec(spec)
    const { templates, networks, routers } = this.#world
    const { id, templateDigest, controlMac, controlAddress, nics, seed } = spec
    const there = routers.get(id)
    if (there !== undefined) {
      sameOrThrow("router", there, { id, templateDigest, controlMac, controlAddress, nics })
      return there
    }
    if (!templates.has(templateDigest)) throw missing("templateDigest", templateDigest, "ensureTemplate comes first")
    const absent = nics.find((nic) => !networks.has(nic.networkId))
    if (absent !== undefined) throw missing("nics.networkId", absent.networkId, "ensureNetwork has not made it here")
    const made = { id, templateDigest, controlMac, controlAddress, nics, seed, running: false }
    routers.set(id, made)
    return made
  }

  removeRouter(routerId: string, call: Call): Promise<void> {
    return this.#act("removeRouter", call, () => {
      this.#world.routers.delete(routerId)
    })
  }

  findRouter(routerId: string, call: Call): Promise<HostRouter | undefined> {
    return this.#act("findRouter", call, () => {
      const router = this.#world.routers.get(routerId)
      return router === undefined ? undefined : showRouter(router)
    })
  }

  listRouters(call: Call): Promise<readonly HostRouter[]> {
    return this.#act("listRouters", call, () => [...this.#world.routers.values()].map(showRouter))
  }

  async openRouterStream(routerId: string, call: Call): Promise<Duplex> {
    await this.#enter("openRouterStream", call)
    const router = this.#world.routers.get(routerId)
    if (router === undefined) throw missing("routerId", routerId, "no such router on the host")
    if (!router.running) {
      throw new Slash64Error("UNAVAILABLE", `router ${routerId} does not run`, { hint: "Start it with ensureRouter." })
    }
    const stream = this.#world.openRouter?.(routerId) ?? greeting()
    try {
      await this.#world.intercept?.({ verb: "openRouterStream", phase: "after" })
      return stream
    } catch (error) {
      stream.destroy()
      throw error
    }
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  async #enter(verb: Verb, call: Call): Promise<void> {
    checkAborted(call.signal)
    if (this.#closed) throw new Slash64Error("FAILED_PRECONDITION", "this host was closed", { hint: "Connect again." })
    await this.#world.intercept?.({ verb, phase: "before" })
    checkAborted(call.signal)
  }

  /** Runs one verb; what it gives is a copy, as if it had come over a wire. */
  async #act<T>(verb: Verb, call: Call, act: () => T | Promise<T>): Promise<T> {
    await this.#enter(verb, call)
    const answer = await act()
    await this.#world.intercept?.({ verb, phase: "after" })
    if (call.signal.aborted) throw abortError(call.signal, { outcome: "unknown" })
    return structuredClone(answer)
  }
}

function showRouter({ id, templateDigest, running, controlMac, nics }: HostRouter): HostRouter {
  return { id, templateDigest, running, controlMac, nics }
}

function greeting(): Duplex {
  const stream = new PassThrough()
  stream.write("SSH-2.0-memory\r\n")
  return stream
}

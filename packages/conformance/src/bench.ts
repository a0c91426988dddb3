import { newCall } from "@slash64/core"
import type {
  Call,
  HostCapabilities,
  HypervisorHost,
  NetworkAttachment,
  NetworkSpec,
  NicSpec,
  RouterSpec,
  TemplateSpec,
} from "@slash64/core"
import { LeftOut, absence } from "./fixtures.ts"
import type { ConformanceFixtures } from "./fixtures.ts"
import { punctualHost } from "./punctual-host.ts"
import { isScratchId, isScratchTemplate, randomMac, scratchId } from "./scratch.ts"

/** One behaviour that the contract asks for. */
export interface Check {
  /** `verb: behaviour`; names a deviation too, so it never changes. */
  readonly name: string
  run(bench: Bench): Promise<void>
}

type Connect = (call: Call) => Promise<HypervisorHost>

/** A connected host, things to make on it, and the promise to take them away. */
export class Bench {
  readonly fixtures: ConformanceFixtures
  readonly host: HypervisorHost
  readonly capabilities: HostCapabilities
  readonly #connect: Connect
  readonly #signal: AbortSignal | undefined
  readonly #undo: (() => Promise<void>)[] = []
  #atOpen: { readonly foreign: unknown; readonly others: unknown } | undefined

  private constructor(
    parts: Pick<Bench, "fixtures" | "host" | "capabilities">,
    connect: Connect,
    signal: AbortSignal | undefined,
  ) {
    this.fixtures = parts.fixtures
    this.host = parts.host
    this.capabilities = parts.capabilities
    this.#connect = connect
    this.#signal = signal
  }

  /** `signal` ends the calls of the checks; what they made is taken away all the same. */
  static async open(connect: Connect, fixtures: ConformanceFixtures, signal?: AbortSignal): Promise<Bench> {
    const timeoutMs = fixtures.callTimeoutMs ?? 60_000
    const call = newCall({ timeoutMs, ...(signal !== undefined && { signal }) })
    const host = punctualHost(await connect(call), timeoutMs)
    const { capabilities } = await host.describeHost(call)
    const bench = new Bench({ fixtures, host, capabilities }, connect, signal)
    bench.#atOpen = { foreign: await fixtures.foreign?.(), others: await bench.others() }
    return bench
  }

  /** What was not the suite's when the bench was opened: what {@link others} gave, and the fixture `foreign`. */
  get atOpen(): { readonly foreign: unknown; readonly others: unknown } | undefined {
    return this.#atOpen
  }

  /** A further connection; closed after the check. */
  async connect(): Promise<HypervisorHost> {
    const host = punctualHost(await this.#connect(this.call()), this.#timeoutMs)
    this.after(() => host.close())
    return host
  }

  call(...signals: readonly AbortSignal[]): Call {
    const all = this.#signal === undefined ? signals : [...signals, this.#signal]
    return newCall({ timeoutMs: this.#timeoutMs, signal: AbortSignal.any([...all]) })
  }

  /** The VM, or {@link LeftOut}. */
  vm(power: "running" | "halted"): string {
    return power === "running" ? this.need("runningVm") : this.need("haltedVm")
  }

  /** The fixture, or {@link LeftOut} with the reason. */
  need<Name extends keyof typeof absence>(name: Name): NonNullable<ConformanceFixtures[Name]> {
    const fixture = this.fixtures[name]
    if (fixture === undefined || fixture === null || fixture === false) throw new LeftOut(absence[name])
    return fixture
  }

  /** How long a check waits for what is to come by itself: half of a call's time. */
  get patienceMs(): number {
    return this.#timeoutMs / 2
  }

  leaveOut(reason: string): never {
    throw new LeftOut(reason)
  }

  /** What the suite's networks stand on. */
  get attachment(): NetworkAttachment {
    return this.fixtures.attachment ?? { kind: "isolated" }
  }

  /** A network that nobody has made yet; taken away after the check. */
  networkSpec(attachment: NetworkAttachment = this.attachment): NetworkSpec {
    const id = scratchId()
    this.after(() => this.host.removeNetwork(id, this.#undoCall()))
    return { id, attachment, mtu: 1500 }
  }

  async network(attachment?: NetworkAttachment): Promise<NetworkSpec> {
    const spec = this.networkSpec(attachment)
    await this.host.ensureNetwork(spec, this.call())
    return spec
  }

  /** A NIC that nobody has plugged yet; taken away after the check. */
  nicSpec(networkId: string, vmId: string): NicSpec {
    const id = scratchId()
    this.after(() => this.host.detachNic({ id, vmId }, this.#undoCall()))
    return { id, vmId, networkId, mac: randomMac(), addresses: [], portSecurity: false }
  }

  async template(): Promise<TemplateSpec> {
    const template = this.need("template")
    await this.host.ensureTemplate(template, this.call())
    return template
  }

  /** A router that nobody has started yet; taken away after the check. */
  async routerSpec(networkId: string): Promise<RouterSpec> {
    const { digest } = this.need("template")
    const id = scratchId()
    const [controlMac, guestMac] = [randomMac(), randomMac()]
    const seed = (await this.fixtures.seed?.({ id, controlMac, guestMac })) ?? Buffer.alloc(512).toString("base64")
    this.after(() => this.host.removeRouter(id, this.#undoCall()))
    const { controlAddress } = this.fixtures
    return {
      id,
      templateDigest: digest,
      vcpus: 1,
      memoryMiB: 256,
      seed,
      controlMac,
      ...(controlAddress !== undefined && { controlAddress }),
      nics: [{ networkId, mac: guestMac }],
    }
  }

  /** What bears slash64's mark and is not the suite's. */
  async others(): Promise<unknown> {
    const call = this.call()
    const [networks, nics, routers, templates] = await Promise.all([
      this.host.listNetworks(call),
      this.host.listNics(call),
      this.host.listRouters(call),
      this.host.listTemplates(call),
    ])
    const isOther = ({ digest, version }: { digest: string; version: string }): boolean =>
      digest !== this.fixtures.template?.digest && !isScratchTemplate({ version })
    return {
      networks: othersById(networks),
      nics: othersById(nics),
      routers: othersById(routers),
      templates: templates.filter(isOther).toSorted((a, b) => (a.digest < b.digest ? -1 : 1)),
    }
  }

  after(undo: () => Promise<void>): void {
    this.#undo.push(undo)
  }

  /** Takes away what a check made, last thing first; the first failure is thrown when all was tried. */
  async clean(): Promise<void> {
    const failures: unknown[] = []
    for (const undo of this.#undo.splice(0).toReversed()) {
      await undo().catch((error: unknown) => failures.push(error))
    }
    if (failures.length > 0) throw failures[0]
  }

  /** Takes the suite's template away too, and ends the connection. */
  async close(): Promise<void> {
    const { template } = this.fixtures
    try {
      if (template !== undefined) await this.host.removeTemplate(template.digest, this.#undoCall())
    } finally {
      await this.host.close()
    }
  }

  get #timeoutMs(): number {
    return this.fixtures.callTimeoutMs ?? 60_000
  }

  #undoCall(): Call {
    return newCall({ timeoutMs: this.#timeoutMs })
  }
}

function othersById(list: readonly { readonly id: string }[]): unknown {
  return list.filter(({ id }) => !isScratchId(id)).toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

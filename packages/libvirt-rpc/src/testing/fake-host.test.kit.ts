import { VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_ERR_NO_DOMAIN, VIR_ERR_NO_STORAGE_VOL } from "../generated/constants.ts"
import { domainEvents } from "../generated/event-tables.ts"
import { remoteDomainEventCallbackLifecycleMsg } from "../generated/codecs.ts"
import { VIR_NET_MESSAGE, VIR_NET_OK } from "../generated/protocol.ts"
import type { Domain, VirNetMessageError } from "../generated/types.ts"
import type { FakeLibvirtd } from "./fake-libvirtd.test.kit.ts"

/** What libvirt answers in place of a reply. */
export class Refusal extends Error {
  readonly wire: VirNetMessageError

  constructor(code: number, domain: number, message: string) {
    super(message)
    const rest = { dom: null, net: null, str2: message, str3: null, int1: -1, int2: -1 }
    this.wire = { code, domain, message, level: 2, str1: "%s", ...rest }
  }
}

interface FakeDomain {
  readonly name: string
  readonly uuid: string
  id: number
}

/** Domains, volumes and registrations for events; changes are told to who registered once the reply is sent. */
export class FakeHost {
  readonly #domains = new Map<string, FakeDomain>()
  readonly #registrations = new Map<number, { eventID: number; uuid: string | undefined; server: FakeLibvirtd }>()
  readonly volumes = new Map<string, Buffer>()
  #news: (() => void)[] = []
  #lastId = 0
  #lastCallback = 0
  freeBytes = Infinity
  /** How many streams the client aborted. */
  aborts = 0
  polkitAllows = true
  refusesRegistrations = false

  authPolkit(): number {
    if (!this.polkitAllows) throw new Refusal(45, 7, "authentication unavailable: no polkit agent available")
    return 1
  }

  define(xml: string): Domain {
    const name = /<name>(.*)<\/name>/.exec(xml)?.[1] ?? ""
    const uuid = /<uuid>(.*)<\/uuid>/.exec(xml)?.[1] ?? ""
    this.#domains.set(uuid, this.#domains.get(uuid) ?? { name, uuid, id: -1 })
    this.#tell(uuid, 0, 0)
    return this.domain(uuid)
  }

  domain(uuid: string): Domain {
    return { ...this.#find(uuid) }
  }

  start(uuid: string): void {
    this.#find(uuid).id = ++this.#lastId
    this.#tell(uuid, 2, 0)
  }

  stop(uuid: string): void {
    this.#find(uuid).id = -1
    this.#tell(uuid, 5, 1)
  }

  undefine(uuid: string): void {
    this.#find(uuid)
    this.#tell(uuid, 1, 0)
    this.#domains.delete(uuid)
  }

  volume(key: string): Buffer {
    const volume = this.volumes.get(key)
    if (volume === undefined) throw new Refusal(VIR_ERR_NO_STORAGE_VOL, 18, `no storage vol with matching key ${key}`)
    return volume
  }

  register(eventID: number, uuid: string | undefined, server: FakeLibvirtd): number {
    if (this.refusesRegistrations) throw new Refusal(8, 7, `unsupported event ID ${eventID}`)
    this.#registrations.set(++this.#lastCallback, { eventID, uuid, server })
    return this.#lastCallback
  }

  deregister(callbackID: number): void {
    if (!this.#registrations.delete(callbackID)) throw new Refusal(1, 7, `no callback ${callbackID}`)
  }

  get registrations(): number {
    return this.#registrations.size
  }

  /** Tells the changes since the last time. */
  flush(): void {
    for (const tell of this.#news.splice(0)) tell()
  }

  #find(uuid: string): FakeDomain {
    const domain = this.#domains.get(uuid)
    if (domain === undefined) {
      throw new Refusal(VIR_ERR_NO_DOMAIN, 10, `Domain not found: no domain with matching uuid '${uuid}'`)
    }
    return domain
  }

  #tell(uuid: string, event: number, detail: number): void {
    const dom = this.domain(uuid)
    const { program, number } = domainEvents[VIR_DOMAIN_EVENT_ID_LIFECYCLE]
    const header = { prog: program, proc: number, type: VIR_NET_MESSAGE, status: VIR_NET_OK }
    for (const [callbackID, { eventID, uuid: only, server }] of this.#registrations) {
      if (eventID !== VIR_DOMAIN_EVENT_ID_LIFECYCLE || (only !== undefined && only !== uuid)) continue
      const message = { callbackID, msg: { dom, event, detail } }
      this.#news.push(() => server.send(header, remoteDomainEventCallbackLifecycleMsg, message))
    }
  }
}

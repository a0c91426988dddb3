import assert from "node:assert/strict"
import { randomBytes, randomUUID } from "node:crypto"
import { isSlash64Error, newCall } from "@slash64/core"
import type {
  Call,
  ErrorCode,
  HypervisorHost,
  NetworkAttachment,
  NetworkSpec,
  NicSpec,
  RouterSpec,
  Slash64Error,
  TemplateSpec,
} from "@slash64/core"

/** What the suite finds on the host that it is run against. All of it is left as it was found. */
export interface ConformanceFixtures {
  /** UUID of a running VM that the suite may plug NICs into; its guest must answer hot plug. */
  readonly runningVm: string
  /** UUID of a halted VM, known to the host for good. */
  readonly haltedVm: string
  /** What the suite's networks stand on; one that takes several networks at a time. Default: isolated. */
  readonly attachment?: NetworkAttachment
  /** A router template that nobody else uses on this host: the suite uploads it and removes it. It need not boot. */
  readonly template: TemplateSpec
  /** The seed of a router, base64; control MAC and guest MAC are the spec's. Default: 512 zero bytes. */
  seed?(router: { readonly id: string; readonly controlMac: string; readonly guestMac: string }): Promise<string>
  /** Everything on the host that does not bear our mark, as JSON: read first and last, and compared. */
  foreign(): Promise<unknown>
  /** Takes a router VM's power away, as a host that crashed does; it stays defined. */
  powerOff?(routerId: string): Promise<void>
  /** The wire between adapter and host in the test's hands. */
  readonly wire?: ConformanceWire
  /** Deadline of each call. Default 60,000. */
  readonly callTimeoutMs?: number
}

export interface ConformanceWire {
  /**
   * Lets the answers to `skip` changing requests pass and cuts the connection in place of the next one, once: the
   * host has acted, and the adapter hears nothing. What it gives ends this, and says whether an answer was lost.
   */
  loseAnswer(skip: number): () => boolean
}

/** One behaviour that the contract asks for. */
export interface Check {
  /** `verb: behaviour`; names a deviation too, so it never changes. */
  readonly name: string
  run(bench: Bench): Promise<void>
}

/** A connected host, things to make on it, and the promise to take them away. */
export class Bench {
  readonly host: HypervisorHost
  readonly fixtures: ConformanceFixtures
  readonly #undo: (() => Promise<void>)[] = []
  #foreign: unknown

  private constructor(host: HypervisorHost, fixtures: ConformanceFixtures) {
    this.host = host
    this.fixtures = fixtures
  }

  static async open(connect: (call: Call) => Promise<HypervisorHost>, fixtures: ConformanceFixtures): Promise<Bench> {
    const timeoutMs = fixtures.callTimeoutMs ?? 60_000
    const bench = new Bench(await connect(newCall({ timeoutMs })), fixtures)
    bench.#foreign = await fixtures.foreign()
    return bench
  }

  /** What was foreign when the bench was opened. */
  get foreignAtOpen(): unknown {
    return this.#foreign
  }

  call(signal?: AbortSignal): Call {
    const timeoutMs = this.fixtures.callTimeoutMs ?? 60_000
    return newCall({ timeoutMs, ...(signal === undefined ? {} : { signal }) })
  }

  /** A network that nobody has made yet; taken away after the check. */
  networkSpec(): NetworkSpec {
    const id = `conformance-${randomUUID().slice(0, 13)}`
    this.after(() => this.host.removeNetwork(id, this.call()))
    return { id, attachment: this.fixtures.attachment ?? { kind: "isolated" }, mtu: 1500 }
  }

  async network(): Promise<NetworkSpec> {
    const spec = this.networkSpec()
    await this.host.ensureNetwork(spec, this.call())
    return spec
  }

  /** A NIC that nobody has plugged yet; taken away after the check. */
  nicSpec(networkId: string, vmId: string): NicSpec {
    const id = `conformance-${randomUUID().slice(0, 13)}`
    this.after(() => this.host.detachNic({ id, vmId }, this.call()))
    return { id, vmId, networkId, mac: randomMac(), addresses: [], portSecurity: false }
  }

  async template(): Promise<TemplateSpec> {
    await this.host.ensureTemplate(this.fixtures.template, this.call())
    return this.fixtures.template
  }

  /** A router that nobody has started yet; taken away after the check. */
  async routerSpec(networkId: string): Promise<RouterSpec> {
    const id = `conformance-${randomUUID().slice(0, 13)}`
    const [controlMac, guestMac] = [randomMac(), randomMac()]
    const seed = (await this.fixtures.seed?.({ id, controlMac, guestMac })) ?? Buffer.alloc(512).toString("base64")
    this.after(() => this.host.removeRouter(id, this.call()))
    const nics = [{ networkId, mac: guestMac }]
    return { id, templateDigest: this.fixtures.template.digest, vcpus: 1, memoryMiB: 256, seed, controlMac, nics }
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

  async close(): Promise<void> {
    await this.host.close()
  }
}

/** Rejects with this code, as a branded error; gives it. */
export async function rejects(code: ErrorCode, promise: Promise<unknown>): Promise<Slash64Error> {
  const error = await promise.then(
    (answer) => assert.fail(`gave ${JSON.stringify(answer)} where ${code} was due`),
    (reason: unknown) => reason,
  )
  assert.ok(isSlash64Error(error), `not a slash64 error: ${String(error)}`)
  assert.equal(error.code, code, error.message)
  return error
}

/** Equal, and JSON: nothing is lost on a wire. */
export function sameJson(actual: unknown, expected: unknown): void {
  assert.deepEqual(JSON.parse(JSON.stringify(actual)), JSON.parse(JSON.stringify(expected)))
}

/** The one with this id. */
export function only<T extends { readonly id: string }>(list: readonly T[], id: string): T {
  const found = list.filter((one) => one.id === id)
  const [first] = found
  assert.ok(first !== undefined && found.length === 1, `${found.length} of ${id} instead of one`)
  return first
}

export function none(list: readonly { readonly id: string }[], id: string): void {
  assert.equal(list.filter((one) => one.id === id).length, 0, `${id} is there`)
}

/** Locally administered and unicast. */
function randomMac(): string {
  return ["02", ...(randomBytes(5).toString("hex").match(/../g) ?? [])].join(":")
}

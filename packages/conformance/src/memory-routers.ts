import { createHash } from "node:crypto"
import { Slash64Error, abortError, checkAborted } from "@slash64/core"
import type {
  Call,
  MacAddress,
  PushResult,
  RouterControl,
  RouterEndpoint,
  RouterIdentity,
  RouterLease,
  RouterState,
  RouterStatus,
  SeedRequest,
} from "@slash64/core"
import type { MemoryRouterVm, MemoryWorld } from "./memory-world.ts"

/** A moment in a call to the routers, as in {@link Step}. */
export interface RouterStep {
  readonly verb: keyof RouterControl
  readonly phase: "before" | "after"
}

/** What runs inside a router VM; it is gone with the VM. */
interface Inside {
  state?: RouterState
  generation: number
  readonly leases: Map<string, RouterLease>
}

/**
 * The routers of a world in memory, with the revisions and refusals of real ones (docs/router-protocol.md). They are
 * reached through the host as real ones are, so a router VM that does not run does not answer.
 */
export class MemoryRouters implements RouterControl {
  /** Called around every verb; what it throws is what the caller gets. */
  intercept?: (step: RouterStep) => void | Promise<void>
  /** What the daemons say of a state that they do not take; undefined when they take it. */
  refuse?: (state: RouterState) => string | undefined
  readonly #worlds: readonly MemoryWorld[]
  readonly #inside = new WeakMap<MemoryRouterVm, Inside>()

  constructor(...worlds: readonly MemoryWorld[]) {
    this.#worlds = worlds
  }

  async identity(routerId: string): Promise<RouterIdentity> {
    return { hostKey: `ssh-ed25519 ${createHash("sha256").update(routerId).digest("base64")}` }
  }

  async seed(request: SeedRequest): Promise<Uint8Array> {
    const bytes = Buffer.alloc(512)
    bytes.write(JSON.stringify(request))
    return bytes
  }

  push(router: RouterEndpoint, state: RouterState, call: Call): Promise<PushResult> {
    return this.#act("push", router, call, (inside) => {
      const held = inside.state
      if (held !== undefined && state.revision < held.revision) {
        throw new Slash64Error("ABORTED", `router ${router.routerId} holds revision ${held.revision}`, {
          hint: "Read the store and render again.",
          native: { error: "STALE", detail: held.revision },
        })
      }
      const words = this.refuse?.(state)
      if (words !== undefined) {
        throw new Slash64Error("FAILED_PRECONDITION", `router ${router.routerId} refused its files: ${words}`, {
          hint: "It goes on with what it had.",
          native: { error: "REFUSED", detail: words },
        })
      }
      const changedFiles = countChanges(held, state)
      if (changedFiles > 0 || held === undefined) inside.generation += 1
      if (held === undefined) dropUnserved(inside, state)
      inside.state = structuredClone(state)
      return { revision: state.revision, generation: inside.generation, changedFiles, sentBytes: changedFiles * 100 }
    })
  }

  status(router: RouterEndpoint, call: Call): Promise<RouterStatus> {
    return this.#act("status", router, call, (inside) => ({
      routerId: router.routerId,
      version: "memory",
      revision: inside.state?.revision ?? 0,
      generation: inside.generation,
      bootMs: 1,
      services: { sshd: "running", dnsmasq: inside.state === undefined ? "stopped" : "running" },
      drifted: [],
      leases: [...inside.leases.values()],
    }))
  }

  releaseLeases(router: RouterEndpoint, mac: MacAddress, call: Call): Promise<void> {
    return this.#act("releaseLeases", router, call, (inside) => {
      inside.leases.delete(mac)
    })
  }

  readLeases(router: RouterEndpoint, call: Call): Promise<string> {
    return this.#act("readLeases", router, call, ({ leases }) =>
      [...leases].map((lease) => `${JSON.stringify(lease)}\n`).join(""),
    )
  }

  restoreLeases(router: RouterEndpoint, leases: string, call: Call): Promise<void> {
    return this.#act("restoreLeases", router, call, (inside) => {
      for (const line of leases.split("\n").filter((text) => text !== "")) {
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what readLeases gave
        const [mac, lease] = JSON.parse(line) as [string, RouterLease]
        if (!inside.leases.has(mac)) inside.leases.set(mac, lease)
      }
    })
  }

  async close(): Promise<void> {}

  /** A guest asks: the address that the router serves to this MAC, with a lease; undefined where it serves none. */
  ask(vmId: string, mac: string): string | undefined {
    const inside = this.#of(vmId)
    const reservation = inside.state?.reservations.find((one) => one.mac === mac)
    const address = reservation?.ipv6 ?? reservation?.ipv4
    if (address !== undefined) inside.leases.set(mac, { address, client: mac, expiresAt: 0 })
    return address
  }

  /** What the router serves now. */
  stateOf(vmId: string): RouterState | undefined {
    return structuredClone(this.#of(vmId).state)
  }

  leasesOf(vmId: string): readonly string[] {
    return [...this.#of(vmId).leases.keys()]
  }

  async #act<T>(verb: keyof RouterControl, router: RouterEndpoint, call: Call, act: (inside: Inside) => T): Promise<T> {
    checkAborted(call.signal)
    await this.intercept?.({ verb, phase: "before" })
    checkAborted(call.signal)
    const stream = await router.open(call)
    stream.destroy()
    const answer = act(this.#of(router.vmId))
    await this.intercept?.({ verb, phase: "after" })
    if (call.signal.aborted) throw abortError(call.signal, { outcome: "unknown" })
    return structuredClone(answer)
  }

  #of(vmId: string): Inside {
    const vm = this.#worlds.find(({ routers }) => routers.has(vmId))?.routers.get(vmId)
    if (vm === undefined) throw new Slash64Error("UNAVAILABLE", `router VM ${vmId} is not there`)
    const inside = this.#inside.get(vm) ?? { generation: 0, leases: new Map() }
    this.#inside.set(vm, inside)
    return inside
  }
}

/** A lease that no reservation stands behind was ended where it was given. */
function dropUnserved({ leases }: Inside, { reservations }: RouterState): void {
  for (const [mac, { address }] of leases) {
    if (!reservations.some((one) => one.mac === mac && [one.ipv6, one.ipv4].some((own) => own === address)))
      leases.delete(mac)
  }
}

/** One file for each reservation, and one for the rest. */
function countChanges(held: RouterState | undefined, state: RouterState): number {
  const before = filesOf(held)
  const after = filesOf(state)
  const names = new Set([...before.keys(), ...after.keys()])
  return [...names].filter((name) => before.get(name) !== after.get(name)).length
}

function filesOf(state: RouterState | undefined): Map<string, string> {
  if (state === undefined) return new Map()
  const { reservations, revision: _revision, ...rest } = state
  return new Map([
    ["rest", JSON.stringify(rest)],
    ...reservations.map((one): [string, string] => [one.mac, JSON.stringify(one)]),
  ])
}

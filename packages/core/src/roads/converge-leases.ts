import { randomUUID } from "node:crypto"
import { hostname } from "node:os"
import { setTimeout as sleep } from "node:timers/promises"
import { Slash64Error, isSlash64Error } from "../errors.ts"
import type { RoadLog } from "../log/road-log.ts"
import { abortError, checkAborted } from "../plugin/call.ts"
import type { Call } from "../plugin/call.ts"
import type { ConvergeLease, LeaseHeld, LeaseStore, Served } from "../store/lease-store.ts"

interface LeaseParts {
  readonly store: LeaseStore
  readonly log: RoadLog
  /** How long a lease stands without being renewed: so long is everybody kept out by a process that died. */
  readonly leaseMs: number
}

/** The lease as its work has it. */
export interface Holding {
  readonly lease: ConvergeLease
  /** Told to those who wait when the lease is given back. */
  served?: Served
}

export interface HoldOptions<T> {
  /** How long another is waited for; by default twice the time of a lease that is not renewed. */
  readonly waitMs?: number
  /** Asked while another has it: what makes the lease needless, and is given in its place. */
  readonly instead?: (held: LeaseHeld) => Promise<T | undefined>
}

/** How long one pause is before the lease of another is asked for again, at most. */
const pauseMs = 100

/**
 * This process's leases on routers. Roads of this process that converge one router have the lease together, until the
 * last of them has ended; other processes wait. docs/decisions/converge-lease.md
 */
export class ConvergeLeases {
  readonly #parts: LeaseParts
  readonly #holder = `${hostname()}:${process.pid}:${randomUUID()}`
  readonly #held = new Map<string, HeldLease>()
  /** For each network what is taken or given back just now: one after the other. */
  readonly #lines = new Map<string, Promise<unknown>>()

  constructor(parts: LeaseParts) {
    this.#parts = parts
  }

  /**
   * Does `work` while no other process converges the network's router. UNAVAILABLE where another had the lease for
   * `waitMs`; ABORTED, which also aborts the call that `work` is given, where it was taken over meanwhile. Both may be
   * repeated. NOT_FOUND without the network.
   */
  async hold<T>(
    networkId: string,
    call: Call,
    work: (held: Holding, call: Call) => Promise<T>,
    options: HoldOptions<T> = {},
  ): Promise<T> {
    const held = await this.#wait(networkId, call, options)
    if (!(held instanceof HeldLease)) return held.instead
    const signal = AbortSignal.any([call.signal, held.lost])
    try {
      return await work(held, { requestId: call.requestId, signal, report: (told) => call.report(told) })
    } catch (error) {
      if (held.lost.aborted && !call.signal.aborted) throw abortError(held.lost)
      throw error
    } finally {
      await this.#inLine(networkId, () => this.#leave(held))
    }
  }

  async #wait<T>(
    networkId: string,
    call: Call,
    { waitMs = this.#parts.leaseMs * 2, instead }: HoldOptions<T>,
  ): Promise<HeldLease | { readonly instead: T }> {
    const deadline = performance.now() + waitMs
    for (;;) {
      checkAborted(call.signal)
      const held = await this.#inLine(networkId, () => this.#join(networkId))
      if (held instanceof HeldLease) return held
      const found = await instead?.(held)
      if (found !== undefined) return { instead: found }
      if (performance.now() > deadline) throw heldByAnother(networkId, held.heldBy)
      await sleep(Math.random() * pauseMs, undefined, { signal: call.signal }).catch(() => undefined)
    }
  }

  /** The lease that this process has, or a new one; or who has it. */
  async #join(networkId: string): Promise<HeldLease | LeaseHeld> {
    const { store, log, leaseMs } = this.#parts
    const held = this.#held.get(networkId)
    if (held !== undefined) {
      await held.confirm()
      held.users += 1
      return held
    }
    const askedAt = performance.now()
    const answer = await store.takeConvergeLease(networkId, this.#holder, leaseMs)
    if ("heldBy" in answer) return answer
    const { lease, takenFrom } = answer
    if (takenFrom !== undefined)
      log.warn({ networkId, takenFrom, fence: lease.fence }, "its lease on the router is over: taken over")
    const taken = new HeldLease(lease, this.#parts, askedAt)
    this.#held.set(networkId, taken)
    return taken
  }

  async #leave(held: HeldLease): Promise<void> {
    held.users -= 1
    if (held.users > 0) return
    this.#held.delete(held.lease.networkId)
    held.stop()
    await this.#parts.store.giveBackConvergeLease(held.lease, held.served)
  }

  #inLine<T>(networkId: string, deed: () => Promise<T>): Promise<T> {
    const before = this.#lines.get(networkId) ?? Promise.resolve()
    const own = before.then(deed)
    const done = own.then(
      () => undefined,
      () => undefined,
    )
    this.#lines.set(networkId, done)
    void done.then(() => this.#lines.get(networkId) === done && this.#lines.delete(networkId))
    return own
  }
}

/** One lease, renewed in good time for as long as somebody uses it. */
class HeldLease implements Holding {
  readonly lease: ConvergeLease
  served?: Served
  users = 1
  readonly #parts: LeaseParts
  readonly #losing = new AbortController()
  readonly #timer: NodeJS.Timeout
  /** By the clock that goes on while this process sleeps, from before the store was asked. */
  #endsAt: number

  constructor(lease: ConvergeLease, parts: LeaseParts, askedAt: number) {
    this.lease = lease
    this.#parts = parts
    this.#endsAt = askedAt + parts.leaseMs
    this.#timer = setInterval(() => void this.#renew().catch(() => undefined), parts.leaseMs / 3).unref()
  }

  /** Aborted when the lease is another's. */
  get lost(): AbortSignal {
    return this.#losing.signal
  }

  /** Throws where the lease is another's. */
  async confirm(): Promise<void> {
    checkAborted(this.lost)
    if (performance.now() >= this.#endsAt) await this.#renew()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async #renew(): Promise<void> {
    const askedAt = performance.now()
    try {
      await this.#parts.store.renewConvergeLease(this.lease, this.#parts.leaseMs)
      this.#endsAt = askedAt + this.#parts.leaseMs
    } catch (error) {
      // It was given back while this was on its way.
      if (this.users === 0) return
      // A store that is away may be back in time.
      if (askedAt < this.#endsAt && !(isSlash64Error(error) && error.code === "ABORTED")) return
      this.stop()
      this.#losing.abort(error)
      this.#parts.log.warn({ ...this.lease, error }, "lease on the router lost: what it was held for is given up")
      throw error
    }
  }
}

function heldByAnother(networkId: string, holder: string): Slash64Error {
  return new Slash64Error("UNAVAILABLE", `the router of ${networkId} is being converged by ${holder}`, {
    field: "networkId",
    value: networkId,
    hint: "Repeat when that one has done.",
  })
}

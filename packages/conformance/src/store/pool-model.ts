import {
  ipv6FromBigInt,
  ipv6PrefixBounds,
  isSlash64Error,
  parseIpv6Prefix,
  planPool,
  poolSlots,
  prefixAtSlot,
  slotIn,
} from "@slash64/core"
import type { Ipv6Prefix, PrefixPool, Store } from "@slash64/core"

/** One call. Small numbers stand for holders, and for the /64s of a /60 from its first. */
export type PoolStep =
  | { readonly do: "claim"; readonly holder: number; readonly slot?: number }
  | { readonly do: "release"; readonly holder: number }
  | { readonly do: "resize"; readonly slot: number; readonly length: number }
  | { readonly do: "wait"; readonly seconds: number }

export interface Compared {
  readonly expected: unknown
  readonly found: unknown
}

interface Rest {
  readonly last: string
  readonly until: number
}

const whole = parseIpv6Prefix("prefix", "2001:db8:100::/60")
const firstSlot = poolSlots(whole).first

/** What a pool must hold, kept as plainly as can be. */
export class PoolModel {
  pool: PrefixPool
  readonly #held = new Map<string, bigint>()
  readonly #resting = new Map<bigint, Rest>()

  constructor(policy: string, quarantineSeconds: number) {
    this.pool = planPool({ name: "edge", prefix: "2001:db8:100:4::/62", policy, quarantineSeconds })
  }

  /** Takes the step on both. */
  async take(step: PoolStep, store: Store, now: number): Promise<Compared> {
    switch (step.do) {
      case "claim":
        return this.#claim(`h-${step.holder}`, step.slot, store, now)
      case "release":
        return this.#release(`h-${step.holder}`, store, now)
      case "resize":
        return this.#resize(around(step.slot, step.length), store)
      case "wait":
        return { expected: undefined, found: undefined }
    }
  }

  /** All that the store says of the pool. */
  async compare(store: Store, now: number): Promise<Compared> {
    const { first, last } = poolSlots(this.pool.prefix)
    const [capacity, held] = [last - first + 1n, BigInt(this.#held.size)]
    const resting = BigInt([...this.#resting.values()].filter(({ until }) => until > now).length)
    const lines = [...this.#held].map(([holder, slot]) => `${prefixAtSlot(whole, slot)} ${holder}`)
    return {
      expected: {
        pool: this.pool,
        counts: { capacity, held, resting, free: capacity - held - resting },
        lines: lines.toSorted(),
      },
      found: {
        pool: await store.findPool("edge"),
        counts: await store.countPrefixes("edge"),
        lines: (await store.listPrefixes("edge")).map(({ prefix, holder }) => `${prefix} ${holder.id}`).toSorted(),
      },
    }
  }

  async #claim(holder: string, slot: number | undefined, store: Store, now: number): Promise<Compared> {
    const requested = slot === undefined ? undefined : firstSlot + BigInt(slot)
    const prefix = requested === undefined ? undefined : prefixAtSlot(whole, requested)
    const may = this.#mayGive(holder, requested, now)
    const claimed = store.claimPrefix({ poolId: "edge", holder, ...(prefix && { prefix }) })
    const found = await claimed.then((given) => slotIn(this.pool.prefix, given.prefix), codeOf)
    if (found === undefined || !may.includes(found)) return { expected: may, found: [found] }
    if (typeof found === "bigint") {
      this.#held.set(holder, found)
      this.#resting.delete(found)
    }
    return { expected: may, found: may }
  }

  /** The /64s of which a claim is given one, or the code that it ends with. */
  #mayGive(holder: string, requested: bigint | undefined, now: number): readonly (bigint | string)[] {
    const { first, last } = poolSlots(this.pool.prefix)
    if (requested !== undefined && (requested < first || requested > last)) return ["INVALID_ARGUMENT"]
    const known = this.#held.get(holder)
    if (known !== undefined) return [requested === undefined || requested === known ? known : "ALREADY_EXISTS"]
    const taken = new Set(this.#held.values())
    const rests = [...this.#resting].filter(([, { until }]) => until > now)
    const own = rests.filter(([, { last: who }]) => who === holder).map(([slot]) => slot)
    const others = new Set(rests.filter(([, { last: who }]) => who !== holder).map(([slot]) => slot))
    if (requested !== undefined) {
      if (taken.has(requested)) return ["ALREADY_EXISTS"]
      return [others.has(requested) ? "FAILED_PRECONDITION" : requested]
    }
    if (own.length > 0) return own
    const all = Array.from({ length: Number(last - first) + 1 }, (_, index) => first + BigInt(index))
    const free = all.filter((slot) => !taken.has(slot) && !others.has(slot))
    return free.length === 0 ? ["RESOURCE_EXHAUSTED"] : free
  }

  async #release(holder: string, store: Store, now: number): Promise<Compared> {
    const found = await store.releasePrefix("edge", holder).catch(codeOf)
    const slot = this.#held.get(holder)
    this.#held.delete(holder)
    const { quarantineSeconds } = this.pool
    if (slot !== undefined && quarantineSeconds > 0)
      this.#resting.set(slot, { last: holder, until: now + quarantineSeconds })
    return { expected: undefined, found }
  }

  async #resize(prefix: Ipv6Prefix, store: Store): Promise<Compared> {
    const refusal = this.#refusalOf(prefix)
    const found = await store.resizePool("edge", prefix).catch(codeOf)
    if (refusal !== undefined) return { expected: refusal, found }
    this.pool = { ...this.pool, prefix }
    const { first, last } = poolSlots(prefix)
    for (const slot of this.#resting.keys()) if (slot < first || slot > last) this.#resting.delete(slot)
    return { expected: this.pool, found }
  }

  #refusalOf(prefix: Ipv6Prefix): string | undefined {
    const [was, will] = [ipv6PrefixBounds(this.pool.prefix), ipv6PrefixBounds(prefix)]
    const grows = will.first <= was.first && was.last <= will.last
    const shrinks = was.first <= will.first && will.last <= was.last
    if (will.length > 63 || (!grows && !shrinks)) return "INVALID_ARGUMENT"
    const { first, last } = poolSlots(prefix)
    return [...this.#held.values()].some((slot) => slot < first || slot > last) ? "FAILED_PRECONDITION" : undefined
  }
}

/** The prefix of this length that a /64 of the /60 lies in. */
function around(slot: number, length: number): Ipv6Prefix {
  const rest = BigInt(128 - length)
  const address = ipv6PrefixBounds(whole).first + (BigInt(slot) << 64n)
  return parseIpv6Prefix("prefix", `${ipv6FromBigInt((address >> rest) << rest)}/${length}`)
}

function codeOf(error: unknown): string {
  if (isSlash64Error(error)) return error.code
  throw error
}

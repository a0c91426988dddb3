import { isSlash64Error, planNic } from "@slash64/core"
import type { AddressPolicy, ErrorCode, SharedNetwork, Store } from "@slash64/core"
import { FamilyModel } from "./family-model.ts"
import { ModelAddresses, firstRange, gateway, positions, positionsMost, router } from "./model-place.ts"
import type { Family, ModelPlace, Span } from "./model-place.ts"
import { vm } from "./store-bench.ts"

export type ModelStep =
  | { readonly do: "claim"; readonly nic: number; readonly ipv6?: number; readonly ipv4?: number }
  | { readonly do: "leave" | "free" | "detach"; readonly nic: number }
  | { readonly do: "wait" | "quarantine"; readonly seconds: number }
  | { readonly do: "addRanges" | "exclude" | "unexclude"; readonly family: Family; readonly span: Span }

/** What a network must hold after any steps. */
export class StoreModel {
  readonly #policy: AddressPolicy
  readonly #addresses: ModelAddresses
  readonly #ipv6: FamilyModel
  readonly #ipv4: FamilyModel
  readonly #leaving = new Set<string>()
  readonly network: SharedNetwork
  #quarantineSeconds = 100
  #revision = 1

  constructor(place: ModelPlace, policy: AddressPolicy) {
    this.#policy = policy
    this.#addresses = new ModelAddresses(place)
    this.#ipv6 = new FamilyModel(positions(firstRange), [gateway, router, ...place.reserved])
    this.#ipv4 = new FamilyModel(positions(firstRange), [gateway, router, positionsMost])
    this.network = this.#addresses.network(policy, this.#quarantineSeconds)
  }

  /** Does a step on the store, at `now` unix seconds, and in the model: what must come out of it, and what has. */
  async take(
    step: ModelStep,
    store: Store,
    now: number,
  ): Promise<{ readonly expected: unknown; readonly found: unknown }> {
    switch (step.do) {
      case "claim":
        return this.#claim(step, store, now)
      case "leave":
        return this.#leave(nicId(step.nic), store)
      case "free":
        return this.#free(nicId(step.nic), store, now)
      case "detach": {
        const left = await this.#leave(nicId(step.nic), store)
        const freed = await this.#free(nicId(step.nic), store, now)
        return { expected: [left.expected, freed.expected], found: [left.found, freed.found] }
      }
      case "quarantine": {
        const changed = step.seconds !== this.#quarantineSeconds
        this.#quarantineSeconds = step.seconds
        return this.#change(store, changed, { quarantineSeconds: step.seconds })
      }
      case "wait":
        return { expected: undefined, found: undefined }
      default:
        return this.#changeRanges(step, store)
    }
  }

  /** What the store says of itself, and what it must say. */
  async compare(store: Store, now: number): Promise<{ readonly expected: unknown; readonly found: unknown }> {
    const [nics, snapshot, counts] = [
      await store.listNics(),
      await store.readNetwork("lab"),
      await store.countAddresses("lab"),
    ]
    const { ipv6, ipv4 } = snapshot?.network ?? {}
    return {
      expected: {
        nics: this.#holders(),
        revision: this.#revision,
        counts: { ipv6: this.#ipv6.counts(now), ipv4: this.#ipv4.counts(now) },
        sets: [setsOf(this.#ipv6), setsOf(this.#ipv4)],
      },
      found: {
        nics: nics.map((nic) => [nic.id, nic.ipv6, nic.ipv4]),
        revision: snapshot?.revision,
        counts,
        sets: [
          [ipv6?.ranges, ipv6?.exclusions].map((ranges) => this.#addresses.positionsOf("ipv6", ranges)),
          [ipv4?.ranges, ipv4?.exclusions].map((ranges) => this.#addresses.positionsOf("ipv4", ranges)),
        ],
      },
    }
  }

  async #claim(step: ModelStep & { do: "claim" }, store: Store, now: number) {
    const id = nicId(step.nic)
    const expected = this.#outcomeOfClaim(step, now)
    const request = {
      id,
      host: "h1",
      vmId: vm(step.nic),
      mac: macOf(step.nic),
      ...(step.ipv6 !== undefined && { requestedIpv6: this.#addresses.text("ipv6", step.ipv6) }),
      ...(step.ipv4 !== undefined && { requestedIpv4: this.#addresses.text("ipv4", step.ipv4) }),
    }
    const current = (await store.findNetwork("lab")) ?? this.network
    const isNew = !this.#isKnown(id)
    const outcome = await outcomeOf(async () => store.claimNic(planNic(request, current)))
    if (typeof outcome !== "object" || typeof expected === "string") return { expected, found: outcome }
    const [six, four] = [this.#addresses.position("ipv6", outcome.ipv6), this.#addresses.position("ipv4", outcome.ipv4)]
    if (isNew) {
      this.#ipv6.take(six, id)
      this.#ipv4.take(four, id)
      this.#revision++
    }
    const found = {
      ipv6: expected.ipv6.includes(six) ? expected.ipv6 : [six],
      ipv4: expected.ipv4.includes(four) ? expected.ipv4 : [four],
    }
    return { expected, found }
  }

  /** A code, or the positions of which one must be given. */
  #outcomeOfClaim(step: ModelStep & { do: "claim" }, now: number): string | { ipv6: number[]; ipv4: number[] } {
    const id = nicId(step.nic)
    const asked = [
      [this.#ipv6, step.ipv6],
      [this.#ipv4, step.ipv4],
    ] as const
    for (const [model, wanted] of asked)
      if (wanted !== undefined && (model.reserved.has(wanted) || !model.ranges.has(wanted))) return "INVALID_ARGUMENT"
    if (this.#isKnown(id)) {
      const held = asked.map(([model]) => model.positionOf(id))
      if (asked.some(([, wanted], index) => wanted !== undefined && wanted !== held[index])) return "ALREADY_EXISTS"
      if (this.#leaving.has(id)) return "FAILED_PRECONDITION"
      return { ipv6: [held[0] ?? -1], ipv4: [held[1] ?? -1] }
    }
    if (asked.some(([model, wanted]) => wanted !== undefined && model.excluded.has(wanted))) return "INVALID_ARGUMENT"
    const ipv6 = this.#outcomeOfFamily(this.#ipv6, this.#policy, step.nic, step.ipv6, now)
    if (typeof ipv6 === "string") return ipv6
    const ipv4 = this.#outcomeOfFamily(this.#ipv4, "stable", step.nic, step.ipv4, now)
    return typeof ipv4 === "string" ? ipv4 : { ipv6, ipv4 }
  }

  #outcomeOfFamily(
    model: FamilyModel,
    policy: AddressPolicy,
    nic: number,
    wanted: number | undefined,
    now: number,
  ): string | number[] {
    const id = nicId(nic)
    if (wanted !== undefined) return model.codeOf(wanted, id, now) ?? [wanted]
    const free = model.freeFor(id, now)
    if (policy === "eui64") {
      const own = positionOfMac(nic)
      if (free.includes(own)) return [own]
      if (model.counts(now).free === 0n) return "RESOURCE_EXHAUSTED"
      return model.isGiven(own) ? (model.codeOf(own, id, now) ?? "free") : "FAILED_PRECONDITION"
    }
    if (free.length === 0) return "RESOURCE_EXHAUSTED"
    const own = model.ownOf(id, now)
    return own.length > 0 ? own : free
  }

  async #leave(id: string, store: Store) {
    const isKnown = this.#isKnown(id)
    const found = await outcomeOf(async () => (await store.markNic(id, "leaving")).state)
    if (isKnown && !this.#leaving.has(id)) this.#revision++
    if (isKnown) this.#leaving.add(id)
    return { expected: isKnown ? "leaving" : "NOT_FOUND", found }
  }

  async #free(id: string, store: Store, now: number) {
    const found = await outcomeOf(() => store.freeNic(id))
    if (this.#isKnown(id) && !this.#leaving.has(id)) return { expected: "FAILED_PRECONDITION", found }
    for (const model of [this.#ipv6, this.#ipv4]) model.release(id, now + this.#quarantineSeconds)
    this.#leaving.delete(id)
    return { expected: undefined, found }
  }

  async #changeRanges(step: ModelStep & { do: "addRanges" | "exclude" | "unexclude" }, store: Store) {
    const model = step.family === "ipv6" ? this.#ipv6 : this.#ipv4
    const set = step.do === "addRanges" ? model.ranges : model.excluded
    const before = set.size
    for (const one of positions(step.span)) {
      if (step.do === "unexclude") set.delete(one)
      else set.add(one)
    }
    return this.#change(store, set.size !== before, {
      [step.family]: { [step.do]: [this.#addresses.range(step.family, step.span)] },
    })
  }

  async #change(store: Store, changes: boolean, change: object) {
    if (changes) this.#revision++
    const keeping = [this.#ipv6, this.#ipv4].flatMap((model) => model.keeping())
    const found = await outcomeOf(async () => (await store.changeNetwork("lab", change)).keeping.map(({ id }) => id))
    return { expected: [...new Set(keeping)], found }
  }

  #isKnown(id: string): boolean {
    return this.#ipv6.positionOf(id) !== undefined
  }

  #holders(): unknown[] {
    return [...this.#ipv6.held]
      .map(([six, id]) => [
        id,
        this.#addresses.text("ipv6", six),
        this.#addresses.text("ipv4", this.#ipv4.positionOf(id) ?? -1),
      ])
      .toSorted(([a = ""], [b = ""]) => (a < b ? -1 : 1))
  }
}

function setsOf({ ranges, excluded }: FamilyModel): number[][] {
  return [ranges, excluded].map(rising)
}

function rising(set: ReadonlySet<number>): number[] {
  return [...set].toSorted((a, b) => a - b)
}

function nicId(nic: number): string {
  return `nic-${nic}`
}

/** The address of NIC 0's is the router VM's, that of the last ones is in no range at first. */
function positionOfMac(nic: number): number {
  return nic + router
}

function macOf(nic: number): string {
  return `02:00:00:00:00:${positionOfMac(nic).toString(16).padStart(2, "0")}`
}

/** What a call gives, or the code of its error. */
async function outcomeOf<T>(run: () => Promise<T>): Promise<T | ErrorCode> {
  try {
    return await run()
  } catch (error) {
    if (isSlash64Error(error)) return error.code
    throw error
  }
}

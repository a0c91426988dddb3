/** Any sequence of claims, releases and waits on a store against a model of what it must hold. */
import {
  guestIpv6Space,
  ipv6ToBigInt,
  isInSpace,
  isSlash64Error,
  openSqliteStore,
  planNetwork,
  planNic,
} from "@slash64/core"
import type { SharedNetwork, Store } from "@slash64/core"
import * as fc from "fast-check"
import { expect, it } from "vitest"

const quarantineSeconds = 100
const capacity = 6

type Step =
  | { readonly do: "claim"; readonly nic: number; readonly requested?: number }
  | { readonly do: "leave" | "free"; readonly nic: number }
  | { readonly do: "wait"; readonly seconds: number }

const nic = fc.nat(9)
const steps = fc.array(
  fc.oneof<fc.Arbitrary<Step>[]>(
    fc.record({ do: fc.constant("claim"), nic }),
    fc.record({ do: fc.constant("claim"), nic, requested: fc.integer({ min: 3, max: 8 }) }),
    fc.record({ do: fc.constantFrom("leave", "free"), nic }),
    fc.record({ do: fc.constant("wait"), seconds: fc.integer({ min: 1, max: 120 }) }),
  ),
  { minLength: 5, maxLength: 40 },
)

/** Six addresses for guests: 2001:db8::3 to ::8. */
function smallNetwork(policy: string): SharedNetwork {
  const ipv6 = { prefix: "2001:db8::/64", gateway: "2001:db8::1", range: "2001:db8::1-2001:db8::8" }
  return planNetwork({ name: "lab", attachment: { kind: "isolated" }, ipv6, policy, quarantineSeconds })
}

/** What must be so, kept as plainly as can be. */
class Model {
  seconds = 1_000_000
  readonly held = new Map<string, { address: string; leaving: boolean }>()
  readonly resting = new Map<string, { last: string; until: number }>()

  isFree(address: string, id: string): boolean {
    if ([...this.held.values()].some((holder) => holder.address === address)) return false
    const rest = this.resting.get(address)
    return rest === undefined || rest.until <= this.seconds || rest.last === id
  }

  restingNow(): number {
    return [...this.resting].filter(([address, { until }]) => until > this.seconds && !this.isHeld(address)).length
  }

  isHeld(address: string): boolean {
    return [...this.held.values()].some((holder) => holder.address === address)
  }

  /** The codes that a claim may end with; undefined: it is given an address. */
  codesOfClaim(id: string, requested: string | undefined): readonly (string | undefined)[] {
    const known = this.held.get(id)
    if (known !== undefined) {
      if (requested !== undefined && requested !== known.address) return ["ALREADY_EXISTS"]
      return [known.leaving ? "FAILED_PRECONDITION" : undefined]
    }
    if (requested !== undefined) {
      if (this.isHeld(requested)) return ["ALREADY_EXISTS"]
      return [this.isFree(requested, id) ? undefined : "FAILED_PRECONDITION"]
    }
    if (this.held.size + this.restingNow() < capacity) return [undefined]
    const own = [...this.resting].some(([address, { last }]) => last === id && !this.isHeld(address))
    return [own ? undefined : "RESOURCE_EXHAUSTED"]
  }
}

async function codeOf(run: Promise<unknown>): Promise<string | undefined> {
  return run.then(
    () => undefined,
    (error: unknown) => (isSlash64Error(error) ? error.code : String(error)),
  )
}

async function claim(step: Step & { do: "claim" }, store: Store, model: Model, network: SharedNetwork): Promise<void> {
  const id = `nic-${step.nic}`
  const requested = step.requested === undefined ? undefined : `2001:db8::${step.requested}`
  const expected = model.codesOfClaim(id, requested)
  const vmId = `00000000-0000-4000-8000-00000000000${step.nic}`
  const code = await codeOf(store.claimNic(planNic({ id, host: "h1", vmId, requestedIpv6: requested }, network)))
  expect(expected).toContain(code)
  const address = (await store.findNic(id))?.ipv6
  if (code !== undefined || address === undefined || model.held.has(id)) return
  expect(model.isFree(address, id)).toBe(true)
  model.resting.delete(address)
  model.held.set(id, { address, leaving: false })
}

async function leave(id: string, store: Store, model: Model): Promise<void> {
  const known = model.held.get(id)
  expect(await codeOf(store.markNic(id, "leaving"))).toBe(known === undefined ? "NOT_FOUND" : undefined)
  if (known !== undefined) known.leaving = true
}

async function free(id: string, store: Store, model: Model): Promise<void> {
  const known = model.held.get(id)
  const refused = known !== undefined && !known.leaving
  expect(await codeOf(store.freeNic(id))).toBe(refused ? "FAILED_PRECONDITION" : undefined)
  if (known === undefined || refused) return
  model.held.delete(id)
  model.resting.set(known.address, { last: id, until: model.seconds + quarantineSeconds })
}

async function compare(store: Store, model: Model, network: SharedNetwork): Promise<void> {
  const nics = await store.listNics()
  expect(new Map(nics.map(({ id, ipv6 }) => [id, ipv6]))).toEqual(
    new Map([...model.held].map(([id, { address }]) => [id, address])),
  )
  expect(new Set(nics.map(({ ipv6 }) => ipv6)).size).toBe(nics.length)
  const space = network.ipv6 && guestIpv6Space(network.ipv6)
  expect(nics.every(({ ipv6 }) => space && ipv6 && isInSpace(space, ipv6ToBigInt(ipv6)))).toBe(true)
  const [held, resting] = [BigInt(model.held.size), BigInt(model.restingNow())]
  expect(await store.countAddresses("lab")).toEqual({
    ipv6: { capacity: BigInt(capacity), held, resting, free: BigInt(capacity) - held - resting, heldExcluded: 0n },
  })
}

it("keeps every address to one NIC, within the range, counted, at rest after its release", async () => {
  const property = fc.asyncProperty(fc.constantFrom("stable", "sequential"), steps, async (policy, sequence) => {
    const model = new Model()
    const network = smallNetwork(policy)
    const store = await openSqliteStore({
      file: ":memory:",
      secret: new Uint8Array(32),
      now: () => model.seconds * 1000,
    })
    await store.createNetwork(network)
    for (const step of sequence) {
      if (step.do === "claim") await claim(step, store, model, network)
      else if (step.do === "wait") model.seconds += step.seconds
      else if (step.do === "leave") await leave(`nic-${step.nic}`, store, model)
      else await free(`nic-${step.nic}`, store, model)
      await compare(store, model, network)
    }
    await store.close()
  })
  await expect(fc.assert(property, { numRuns: 60 })).resolves.toBeUndefined()
})

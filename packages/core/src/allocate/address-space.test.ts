import { createSecretKey } from "node:crypto"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { allocateAddress } from "./address-allocator.ts"
import { onlyOrder, randomOrder, requestedOrder, sequentialOrder, stableOrder } from "./address-policy.ts"
import type { AddressOrder } from "./address-policy.ts"
import { addressAt, addressSpace, firstGap, isInSpace } from "./address-space.ts"
import type { AddressSpace } from "./address-space.ts"

/** Short intervals close together, about a boundary that signed or 64-bit arithmetic would trip over. */
const boundary = fc.constantFrom(
  0n,
  1n << 31n,
  1n << 63n,
  1n << 64n,
  (1n << 127n) - 10n,
  1n << 127n,
  (1n << 128n) - 30n,
)
const interval = fc.tuple(fc.bigInt({ min: 0n, max: 20n }), fc.bigInt({ min: 0n, max: 9n }))
const intervalsAt = (base: bigint) =>
  fc.array(
    interval.map(([start, more]) => ({ first: base + start, last: base + start + more })),
    { maxLength: 4 },
  )
const spaces = boundary.chain((base) => fc.tuple(intervalsAt(base), intervalsAt(base), fc.constant(base)))

function membersOf(space: AddressSpace): bigint[] {
  return Array.from({ length: Number(space.capacity) }, (_, position) => addressAt(space, BigInt(position)))
}

describe("addressSpace", () => {
  it("holds exactly what is in a range and not reserved, in rising order", () => {
    fc.assert(
      fc.property(spaces, ([ranges, reserved, base]) => {
        const space = addressSpace(ranges, reserved)
        const within = (list: typeof ranges, address: bigint) =>
          list.some(({ first, last }) => first <= address && address <= last)
        const expected: bigint[] = []
        for (let address = base; address < base + 40n; address++)
          if (within(ranges, address) && !within(reserved, address)) expected.push(address)
        expect(membersOf(space)).toEqual(expected)
        expect(space.capacity).toBe(BigInt(expected.length))
        for (let address = base; address < base + 40n; address++)
          expect(isInSpace(space, address)).toBe(expected.includes(address))
      }),
    )
  })

  it("has no address beyond its last", () => {
    const space = addressSpace([{ first: 5n, last: 6n }], [])
    expect(() => addressAt(space, 2n)).toThrow(RangeError)
    expect(() => addressAt(space, -1n)).toThrow(RangeError)
  })

  it("finds the lowest free address from any point on", () => {
    fc.assert(
      fc.property(
        spaces,
        fc.bigInt({ min: 0n, max: 40n }),
        fc.array(fc.nat(40)),
        ([ranges, reserved, base], offset, holes) => {
          const space = addressSpace(ranges, reserved)
          const held = new Set(holes.map((hole) => base + BigInt(hole)))
          const from = base + offset
          const rising = [...held].filter((address) => address >= from).toSorted((a, b) => (a < b ? -1 : 1))
          const expected = membersOf(space).find((address) => address >= from && !held.has(address))
          expect(firstGap(space, from, rising)).toBe(expected)
        },
      ),
    )
  })
})

/** Drives the allocator as a store does, on a set. */
function claimOn(space: AddressSpace, held: Set<bigint>, order: AddressOrder): bigint | undefined {
  const steps = allocateAddress(order)
  let step = steps.next()
  while (step.done !== true) {
    const question = step.value
    if (question.ask === "gap") {
      const rising = [...held].filter((address) => address >= question.from).toSorted((a, b) => (a < b ? -1 : 1))
      step = steps.next(firstGap(space, question.from, rising))
    } else if (held.has(question.address)) step = steps.next(undefined)
    else {
      held.add(question.address)
      step = steps.next(question.address)
    }
  }
  return step.value
}

describe("allocateAddress", () => {
  const secret = createSecretKey(new Uint8Array(32).fill(7))
  const order = (space: AddressSpace, policy: string, nic: number, from: bigint): AddressOrder => {
    if (policy === "sequential") return sequentialOrder(space, from)
    if (policy === "random") return randomOrder(space)
    return stableOrder(space, { secret, networkId: "lab", nicId: `nic-${nic}`, family: "ipv6" })
  }

  it("fills any space to its last address, each once and each within, by every policy", () => {
    fc.assert(
      fc.property(
        spaces,
        fc.constantFrom("stable", "sequential", "random"),
        fc.bigInt({ min: 0n, max: 1n << 128n }),
        ([ranges, reserved], policy, from) => {
          const space = addressSpace(ranges, reserved)
          fc.pre(space.capacity > 0n)
          const held = new Set<bigint>()
          for (let nic = 0; nic < Number(space.capacity); nic++) {
            const address = claimOn(space, held, order(space, policy, nic, from))
            expect(address !== undefined && isInSpace(space, address)).toBe(true)
          }
          expect(held.size).toBe(Number(space.capacity))
          expect(claimOn(space, held, order(space, policy, 99, from))).toBeUndefined()
        },
      ),
    )
  })

  it("gives a requested address or none", () => {
    const space = addressSpace([{ first: 1n, last: 9n }], [])
    const held = new Set<bigint>()
    expect(claimOn(space, held, requestedOrder(5n))).toBe(5n)
    expect(claimOn(space, held, requestedOrder(5n))).toBeUndefined()
    expect([...held]).toEqual([5n])
  })

  it("gives the only address that will do or none, and none outside the space", () => {
    const space = addressSpace([{ first: 1n, last: 9n }], [{ first: 4n, last: 4n }])
    expect(claimOn(space, new Set(), onlyOrder(space, 5n))).toBe(5n)
    expect(claimOn(space, new Set([5n]), onlyOrder(space, 5n))).toBeUndefined()
    expect(claimOn(space, new Set(), onlyOrder(space, 4n))).toBeUndefined()
  })

  it("tells network, NIC, family and secret apart, and no two of them by their joint alone", () => {
    const space = addressSpace([{ first: 0n, last: (1n << 64n) - 1n }], [])
    const subject = { secret, networkId: "lab", nicId: "nic-1", family: "ipv6" } as const
    const first = (change: object) => claimOn(space, new Set(), stableOrder(space, { ...subject, ...change }))
    const given = [
      first({}),
      first({ networkId: "la", nicId: "bnic-1" }),
      first({ nicId: "nic-2" }),
      first({ family: "ipv4" }),
      first({ secret: createSecretKey(new Uint8Array(32)) }),
    ]
    expect(new Set(given).size).toBe(5)
    expect(first({})).toBe(given[0])
  })
})

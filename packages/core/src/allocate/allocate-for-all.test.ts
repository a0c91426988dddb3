import { createSecretKey } from "node:crypto"
import { describe, expect, it } from "vitest"
import { macForNic } from "../address/mac-address.ts"
import { addressPools } from "../network/address-pools.ts"
import { planNetwork } from "../network/plan-network.ts"
import type { AddressPolicy } from "../network/records.ts"
import { allocateForAll } from "./allocate-for-all.ts"
import { isInSpace } from "./address-space.ts"
import type { AddressPool, AddressTaker } from "./address-pool.ts"

const secret = createSecretKey(Buffer.alloc(32))

function takers(count: number): AddressTaker[] {
  return Array.from({ length: count }, (_, number) => ({
    nicId: `nic-${number}`,
    mac: macForNic(`nic-${number}`),
    secret,
  }))
}

/** IPv4 with a range of so many addresses for guests. */
function poolOf(policy: AddressPolicy, count: number): AddressPool {
  const end = `10.0.${(count + 15) >> 8}.${(count + 15) & 0xff}`
  const { ipv4 } = addressPools(
    planNetwork({
      name: "lab",
      attachment: { kind: "isolated" },
      ipv4: { prefix: "10.0.0.0/16", gateway: "10.0.0.1", router: "10.0.0.2", range: `10.0.0.16-${end}` },
      policy,
    }),
    {},
  )
  if (ipv4 === undefined) throw new Error("a network of IPv4")
  return ipv4
}

describe.each<AddressPolicy>(["stable", "sequential", "random"])("allocateForAll, %s", (policy) => {
  // 2000 are more than proposals alone would fill: the last ones walk.
  it.each([0, 1, 200, 2000])("gives each of %i NICs one of as many addresses", (count) => {
    const pool = poolOf(policy, count === 0 ? 1 : count)
    const { addresses } = allocateForAll(pool, takers(count))
    expect([...addresses.keys()]).toEqual(takers(count).map(({ nicId }) => nicId))
    expect(new Set(addresses.values()).size).toBe(count)
    expect([...addresses.values()].every((address) => isInSpace(pool.space, address))).toBe(true)
  })

  it("refuses one NIC more, with the counts", () => {
    expect(() => allocateForAll(poolOf(policy, 200), takers(201))).toThrow(
      expect.objectContaining({
        code: "RESOURCE_EXHAUSTED",
        field: "ipv4",
        native: { capacity: "200", needed: "201" },
      }),
    )
  })
})

it("leaves the cursor behind the last address", () => {
  const { addresses, cursor } = allocateForAll(poolOf("sequential", 200), takers(3))
  expect(cursor).toBe([...addresses.values()].reduce((high, one) => (one > high ? one : high)) + 1n)
})

import { createSecretKey } from "node:crypto"
import { describe, expect, it } from "vitest"
import { parseIpv6Prefix } from "../address/ipv6-prefix.ts"
import { planPool } from "../network/plan-pool.ts"
import { poolSlots, prefixAtSlot, prefixOrder, slotIn } from "./prefix-pool.ts"

const secret = createSecretKey(new Uint8Array(32).fill(7))
const holder = { kind: "claim", id: "rack-1" } as const

describe("prefixOrder", () => {
  const pool = planPool({ name: "lab", prefix: "2001:db8::/48" })

  it("tries one /64 of a stable pool, and goes on from it: at nine tenths full most others are held as well", () => {
    const order = prefixOrder(pool, holder, { secret, cursor: 0n })
    const [first, ...others] = order.proposals
    expect(others).toEqual([])
    expect(order.walkFrom).toBe(first)
    expect(prefixOrder(pool, { ...holder, id: "rack-2" }, { secret, cursor: 0n }).walkFrom).not.toBe(first)
  })

  it("is the same in a pool of two", () => {
    const tiny = planPool({ name: "tiny", prefix: "2001:db8:0:2::/63" })
    const { proposals, walkFrom } = prefixOrder(tiny, holder, { secret, cursor: 0n })
    expect([...proposals]).toEqual([walkFrom])
  })
})

describe("slots", () => {
  it("lead to their /64 and back, however many pools were asked for in between", () => {
    const prefixes = Array.from({ length: 1_500 }, (_, index) =>
      parseIpv6Prefix("prefix", `2001:db8:${(index + 1).toString(16)}::/48`),
    )
    for (const prefix of [...prefixes, ...prefixes]) {
      const { first, last } = poolSlots(prefix)
      expect(last - first).toBe(65_535n)
      expect(prefixAtSlot(prefix, last)).toBe(prefix.replace("::/48", ":ffff::/64"))
      expect(slotIn(prefix, prefixAtSlot(prefix, first + 9n))).toBe(first + 9n)
    }
  })
})

import { describe, expect, it } from "vitest"
import { networkNames, routerName, shortHash, uuidOf } from "./names.ts"

describe("names on a host", () => {
  it("stay the same: a VM migrates to a host that another version of us has set up", () => {
    expect(networkNames("net1")).toEqual({ network: "s64-nqtq54xskh", vlanDevice: "s64v-nqtq54xskh" })
    expect(routerName("router1")).toBe("slash64-router-v7w6fcolma6y")
    expect(uuidOf("router", "router1")).toBe("5220f11e-c7a2-5288-9c7f-5d061c3a3092")
  })

  it("fit into IFNAMSIZ and differ", () => {
    const ids = Array.from({ length: 2000 }, (_, index) => `net${index}`)
    const names = ids.map(networkNames)
    expect(names.filter(({ vlanDevice }) => vlanDevice.length > 15)).toEqual([])
    expect(new Set(names.flatMap(({ network, vlanDevice }) => [network, vlanDevice])).size).toBe(4000)
  })

  it("are of base32 alone", () => {
    expect(shortHash("x", 12)).toMatch(/^[a-z2-7]{12}$/)
  })

  it.each(["", "A", "../x", "a b", "-a", "a\n", "a".repeat(65)])("refuse the id %j", (id) => {
    expect(() => networkNames(id)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT", field: "network.id" }))
  })
})

import { describe, expect, it } from "vitest"
import { parseControlAddress, parseControlRange } from "./control-range.ts"

describe("control range", () => {
  it.each([
    ["192.0.2.0/24", "192.0.2.1"],
    ["fd00:64::/64", "fd00:64::1"],
  ])("%s gives the host %s", (range, hostAddress) => {
    expect(parseControlRange(range).hostAddress).toBe(hostAddress)
  })

  it.each([
    ["192.0.2.0/24", "192.0.2.7/24", "192.0.2.7"],
    ["fd00:64::/64", "fd00:64::7/64", "fd00:64::7"],
  ])("of %s, a router may have %s", (range, address, bare) => {
    expect(parseControlAddress(address, parseControlRange(range))).toBe(bare)
  })

  it.each([
    ["192.0.2.0/24", "192.0.2.7/25"],
    ["192.0.2.0/24", "192.0.2.7"],
    ["192.0.2.0/24", "192.0.3.7/24"],
    ["192.0.2.0/24", "192.0.2.0/24"],
    ["192.0.2.0/24", "192.0.2.1/24"],
    ["192.0.2.0/24", "192.0.2.255/24"],
    ["192.0.2.0/24", "fd00:64::7/64"],
    ["fd00:64::/64", "fd00:64::1/64"],
    ["fd00:64::/64", "fd00:65::7/64"],
    ["fd00:64::/64", "fe80::1%eth0/64"],
  ])("of %s, no router may have %s", (range, address) => {
    expect(() => parseControlAddress(address, parseControlRange(range))).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", field: "router.controlAddress" }),
    )
  })

  it("without a range, no router has a static address", () => {
    expect(() => parseControlAddress("192.0.2.7/24", undefined)).toThrow(/no control.range/)
  })
})

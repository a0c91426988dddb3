import * as fc from "fast-check"
import ipaddr from "ipaddr.js"
import { describe, expect, it } from "vitest"
import { ipv6FromBigInt, ipv6FromBytes, ipv6Kind, ipv6ToBigInt, parseIpv6Address } from "./ipv6-address.ts"

const parse = (text: unknown) => parseIpv6Address("address", text)
/** Addresses with many zero groups, where the spelling has choices. */
const sparse = fc
  .array(fc.oneof(fc.constant(0), fc.constant(0xffff), fc.nat(0xffff)), { minLength: 8, maxLength: 8 })
  .map((groups) => groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n))

describe("parseIpv6Address", () => {
  it.each([
    ["2001:DB8::1", "2001:db8::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["0:0:0:0:0:0:0:0", "::"],
    ["1::", "1::"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"],
    ["::ffff:192.0.2.1", "::ffff:192.0.2.1"],
    ["::ffff:c000:201", "::ffff:192.0.2.1"],
    ["0:0:0:0:0:FFFF:129.144.52.38", "::ffff:129.144.52.38"],
    ["::1.2.3.4", "::102:304"],
    ["64:ff9b::192.0.2.1", "64:ff9b::c000:201"],
    ["1::ffff:192.0.2.1", "1::ffff:c000:201"],
    ["ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
  ])("spells %s as %s", (input, canonical) => {
    expect(parse(input)).toBe(canonical)
    expect(parse(canonical)).toBe(canonical)
  })

  it.each([
    ["fe80::1%eth0", /zone id/],
    ["2001:db8::1/64", /prefix length/],
    ["", /is not an IPv6 address/],
    [" 2001:db8::1", /is not an IPv6 address/],
    ["2001:db8::1\n", /is not an IPv6 address/],
    ["[2001:db8::1]", /is not an IPv6 address/],
    ["1.2", /is not an IPv6 address/],
    ["192.0.2.1", /is not an IPv6 address/],
    ["2001:db8::1::2", /is not an IPv6 address/],
    ["2001:db8::12345", /is not an IPv6 address/],
    [1, /is not an IPv6 address/],
    [undefined, /address is missing/],
  ])("refuses %j", (input, message) => {
    expect(() => parse(input)).toThrow(message)
    expect(() => parse(input)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT", field: "address" }))
  })

  it("agrees with ipaddr.js on every address that is not IPv4-mapped", () => {
    fc.assert(
      fc.property(sparse, (value) => {
        fc.pre(value >> 32n !== 0xffffn)
        const address = ipv6FromBigInt(value)
        expect(address).toBe(ipaddr.IPv6.parse(address).toRFC5952String())
      }),
    )
  })
})

describe("ipv6FromBigInt", () => {
  it("is the inverse of ipv6ToBigInt, and makes canonical text", () => {
    fc.assert(
      fc.property(fc.oneof(sparse, fc.bigInt({ min: 0n, max: (1n << 128n) - 1n })), (value) => {
        const address = ipv6FromBigInt(value)
        expect(ipv6ToBigInt(address)).toBe(value)
        expect(parse(address)).toBe(address)
        expect(ipv6FromBytes(Buffer.from(value.toString(16).padStart(32, "0"), "hex"))).toBe(address)
      }),
    )
  })

  it.each([-1n, 1n << 128n])("refuses %s", (value) => {
    expect(() => ipv6FromBigInt(value)).toThrow(RangeError)
  })
})

describe("ipv6Kind", () => {
  it.each([
    ["::", "unspecified"],
    ["::1", "loopback"],
    ["::ffff:192.0.2.1", "ipv4-mapped"],
    ["::fffe:192.0.2.1", "global"],
    ["ff02::1", "multicast"],
    ["feff::1", "global"],
    ["fe80::1", "link-local"],
    ["febf:ffff::1", "link-local"],
    ["fec0::1", "global"],
    ["fbff::1", "global"],
    ["fc00::1", "unique-local"],
    ["fdff::1", "unique-local"],
    ["fe00::1", "global"],
    ["2001:db8::1", "documentation"],
    ["2001:db7:ffff::1", "global"],
    ["2001:db9::1", "global"],
    ["64:ff9b::1", "global"],
  ])("%s is %s", (address, kind) => {
    expect(ipv6Kind(parse(address))).toBe(kind)
  })
})

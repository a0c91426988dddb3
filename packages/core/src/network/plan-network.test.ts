import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { ipv6FromBigInt, parseIpv6Address } from "../address/ipv6-address.ts"
import { parsePrefix64, prefix64Of } from "../address/prefix64.ts"
import { isDefaultNic } from "./default-network.ts"
import { planNetwork } from "./plan-network.ts"
import { hostnameForNic, planNic } from "./plan-nic.ts"
import { guestIpv6Space, reservedIpv6 } from "./reserved.ts"

const vmId = "4dea22b3-1d52-d8f3-2516-782e98ab3fa0"
const lab = (ipv6: object, more: object = {}) =>
  planNetwork({ name: "lab", attachment: { kind: "isolated" }, ipv6, ...more })

const nic = (id: string, isDefault: boolean) => ({ id, networkId: "lab", vmId, isDefault })

describe("planNetwork", () => {
  it("fills in what was left out, rack router outside", () => {
    expect(lab({ prefix: "2001:DB8::/64", gateway: "2001:db8::0001" })).toEqual({
      id: "lab",
      name: "lab",
      attachment: { kind: "isolated" },
      mtu: 1500,
      ipv6: {
        prefix: "2001:db8::/64",
        gateway: "2001:db8::1",
        ra: "external",
        router: "2001:db8::2",
        ranges: [{ start: "2001:db8::1", end: "2001:db8::ffff:ffff:ffff:ff7f" }],
        exclusions: [],
        dns: [],
      },
      leaseSeconds: 3600,
      quarantineSeconds: 3600,
      policy: "stable",
      portSecurity: false,
    })
  })

  it("makes the router VM the gateway in RA mode router, of both families", () => {
    const { ipv6, ipv4 } = lab({ prefix: "fd00::/64", ra: "router" }, { ipv4: { prefix: "192.0.2.0/24" } })
    expect(ipv6).toMatchObject({ gateway: "fd00::1", router: "fd00::1" })
    expect(ipv4).toMatchObject({
      gateway: "192.0.2.1",
      router: "192.0.2.1",
      ranges: [{ start: "192.0.2.1", end: "192.0.2.254" }],
    })
  })

  it("takes the address that either name gives in RA mode router", () => {
    expect(lab({ prefix: "fd00::/64", ra: "router", gateway: "fd00::fe" }).ipv6?.router).toBe("fd00::fe")
    expect(lab({ prefix: "fd00::/64", ra: "router", router: "fd00::fe" }).ipv6?.gateway).toBe("fd00::fe")
  })

  it("gives the router VM the first of the range that is free", () => {
    const range = "2001:db8::10-2001:db8::20"
    expect(lab({ prefix: "2001:db8::/64", gateway: "2001:db8::10", range }).ipv6?.router).toBe("2001:db8::11")
    expect(lab({ prefix: "2001:db8::/64", gateway: "2001:db8::1", range }).ipv6?.router).toBe("2001:db8::10")
  })

  it("takes IPv4 alone, its gateway outside or the router VM itself", () => {
    const attachment = { kind: "bridge", bridge: "br0" }
    const ipv4 = { prefix: "192.0.2.0/24", gateway: "192.0.2.1", dns: ["192.0.2.53"] }
    expect(planNetwork({ name: "lan", attachment, ipv4 })).toMatchObject({ ipv4: { router: "192.0.2.2" } })
    expect(planNetwork({ name: "lan", attachment, ipv4: { ...ipv4, router: "192.0.2.1" } }).ipv4?.router).toBe(
      "192.0.2.1",
    )
  })

  it("takes several ranges and exclusions in any order, and gives each set its one spelling", () => {
    const { ipv6, ipv4 } = lab(
      {
        prefix: "2001:db8::/64",
        gateway: "2001:db8::1",
        ranges: ["2001:db8::8000:0:0:0-2001:db8::8000:0:0:ff", "2001:db8::10-2001:db8::1f", "2001:db8::20"],
        exclusions: ["2001:db8::12", { start: "2001:db8::10", end: "2001:db8::11" }, "2001:DB8::12"],
      },
      { ipv4: { prefix: "192.0.2.0/24", gateway: "192.0.2.1", exclusions: ["192.0.2.2-192.0.2.9"] } },
    )
    expect(ipv6).toMatchObject({
      router: "2001:db8::13",
      ranges: [
        { start: "2001:db8::10", end: "2001:db8::20" },
        { start: "2001:db8:0:0:8000::", end: "2001:db8::8000:0:0:ff" },
      ],
      exclusions: [{ start: "2001:db8::10", end: "2001:db8::12" }],
    })
    expect(ipv4).toMatchObject({ router: "192.0.2.10", exclusions: [{ start: "192.0.2.2", end: "192.0.2.9" }] })
    expect(ipv6 && guestIpv6Space(ipv6).capacity).toBe(17n - 3n - 1n + 256n)
  })

  it("reads a record from before there were several ranges", () => {
    const planned = lab({ prefix: "2001:db8::/64", gateway: "2001:db8::1", range: "2001:db8::1-2001:db8::ff" })
    const { ranges: _, exclusions: __, ...side } = planned.ipv6 ?? {}
    const old = { ...planned, ipv6: { ...side, range: { start: "2001:db8::1", end: "2001:db8::ff" } } }
    expect(planNetwork(old)).toEqual(planned)
  })

  it("may exclude all that a network has, which closes it for new NICs", () => {
    const { ipv6 } = lab({
      prefix: "2001:db8::/64",
      gateway: "2001:db8::1",
      router: "2001:db8::2",
      range: "2001:db8::1-2001:db8::9",
      exclusions: ["2001:db8::-2001:db8::ff"],
    })
    expect(ipv6 && guestIpv6Space(ipv6).capacity).toBe(0n)
  })

  it.each([
    ["2001:db8::ff:fe00:0", "2001:db8::ff:fe00:0"],
    ["2001:db8::ff:feff:ffff", "2001:db8::ff:feff:ffff"],
    ["2001:db8::ff:fdff:ffff", "2001:db8::ff:fe00:0"],
    ["2001:db8::ff:ff00:0", "2001:db8::1ff:fe00:0"],
    ["2001:db8::8000:0:0:0", "2001:db8::8000:ff:fe00:0"],
  ])("takes policy eui64 where the address of a MAC is in %s to %s", (start, end) => {
    const ipv6 = { prefix: "2001:db8::/64", gateway: "2001:db8::1", router: "2001:db8::2" }
    expect(lab({ ...ipv6, ranges: ["2001:db8::10", { start, end }] }, { policy: "eui64" }).policy).toBe("eui64")
    expect(lab({ ...ipv6, ra: "external" }, { policy: "eui64" }).policy).toBe("eui64")
  })

  it("gives itself back when planned again", () => {
    const planned = lab(
      { prefix: "2001:db8::/64", gateway: "2001:db8::1", dns: ["2001:db8::53"], exclusions: ["2001:db8::7"] },
      { attachment: { kind: "vlan", uplink: "eth0", vlan: 4094 }, domain: "Lab.Example", quarantineSeconds: 0 },
    )
    expect(planNetwork(planned)).toEqual(planned)
    expect(planNetwork(structuredClone(planned))).toEqual(planned)
  })

  it.each([
    { kind: "isolated" },
    { kind: "bridge", bridge: "br.0_-a" },
    { kind: "vlan", uplink: "eth0", vlan: 1 },
    { kind: "openvswitch", bridge: "ovs0" },
    { kind: "openvswitch", bridge: "ovs0", vlan: 4094 },
  ])("takes the attachment %j", (attachment) => {
    expect(lab({ prefix: "fd00::/64", ra: "router" }, { attachment }).attachment).toEqual(attachment)
  })

  it("plans any /64 but those of another kind, and never reserves all of it", () => {
    const upper = fc.bigInt({ min: 1n, max: (1n << 64n) - 1n })
    fc.assert(
      fc.property(upper, (bits) => {
        fc.pre(bits >> 54n !== 0xfe80n >> 6n && bits >> 56n !== 0xffn)
        const prefix = prefix64Of(ipv6FromBigInt(bits << 64n))
        const { ipv6 } = lab({ prefix, ra: "router" })
        expect(ipv6 && guestIpv6Space(ipv6).capacity).toBe((1n << 64n) - 1n - (1n << 24n) - 128n - 128n - 1n)
      }),
    )
  })
})

describe("reservedIpv6", () => {
  it.each([
    ["2001:db8::", true],
    ["2001:db8::1", false],
    ["2001:db8::fdff:ffff:ffff:ff7f", false],
    ["2001:db8::fdff:ffff:ffff:ff80", true],
    ["2001:db8::fdff:ffff:ffff:ffff", true],
    ["2001:db8::fe00:0:0:0", false],
    ["2001:db8::ffff:ffff:ffff:ff7f", false],
    ["2001:db8::ffff:ffff:ffff:ff80", true],
    ["2001:db8::ffff:ffff:ffff:ffff", true],
    ["2001:db8::200:5eff:fe00:0", true],
    ["2001:db8::200:5eff:ff00:0", false],
  ])("%s: %s", (address, reserved) => {
    const why = reservedIpv6(parsePrefix64("prefix", "2001:db8::/64"), parseIpv6Address("address", address))
    expect(why !== undefined).toBe(reserved)
  })
})

describe("planNic", () => {
  const network = lab(
    { prefix: "2001:db8::/64", gateway: "2001:db8::1", range: "2001:db8::1-2001:db8::ff" },
    { ipv4: { prefix: "192.0.2.0/24", gateway: "192.0.2.1" } },
  )

  it("parses a request into a claim, and asks for nothing that was not asked", () => {
    expect(planNic({ id: "nic-1", host: "h1", vmId: vmId.toUpperCase() }, network)).toEqual({
      id: "nic-1",
      networkId: "lab",
      host: "h1",
      vmId,
      hostname: "nic-1",
    })
  })

  it("spells what was asked as canonical", () => {
    const asked = {
      mac: "EE-12-34-5-32-FE",
      requestedIpv6: "2001:DB8::00fF",
      requestedIpv4: "192.0.2.3",
      hostname: "Web-1",
    }
    expect(planNic({ id: "n", networkId: "lab", host: "h1", vmId, isDefault: false, ...asked }, network)).toEqual({
      id: "n",
      networkId: "lab",
      host: "h1",
      vmId,
      mac: "ee:12:34:05:32:fe",
      requestedIpv6: "2001:db8::ff",
      requestedIpv4: "192.0.2.3",
      hostname: "web-1",
      isDefault: false,
    })
  })

  it.each([
    ["nic-1", "nic-1"],
    [vmId, vmId],
    ["123", /^nic-[\da-f]{16}$/],
    ["1h", /^nic-[\da-f]{16}$/],
    ["infinite", /^nic-[\da-f]{16}$/],
    ["a".repeat(64), /^nic-[\da-f]{16}$/],
  ])("names the guest of NIC %s", (id, name) => {
    expect(hostnameForNic(id)).toMatch(name)
    expect(planNic({ id, host: "h", vmId }, network).hostname).toBe(hostnameForNic(id))
  })
})

describe("isDefaultNic", () => {
  it.each([
    [undefined, [], true],
    [undefined, [nic("a", false)], true],
    [undefined, [nic("a", true)], false],
    [true, [nic("a", false)], true],
    [false, [], false],
    [false, [nic("a", true)], false],
  ])("asked %s beside %j: %s", (asked, others, expected) => {
    expect(isDefaultNic(asked, others)).toBe(expected)
  })
})

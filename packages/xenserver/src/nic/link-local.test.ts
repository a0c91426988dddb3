import { describe, expect, it } from "vitest"
import { addressesOf } from "./guest-addresses.ts"
import { planLinkLocal } from "./link-local.ts"
import type { Vif } from "./read-vifs.ts"

const random = "fe80::9d2c:1f5b:77aa:3c01"
const other = "fe80::1c2f:55aa:9e01:77b2"
const ofMac = "fe80::5eff:fe00:1"

function vif(more: Partial<Vif> = {}): Vif {
  return {
    ref: "OpaqueRef:1",
    device: "1",
    MAC: "02:00:5e:00:00:01",
    VM: "OpaqueRef:vm",
    network: "OpaqueRef:net",
    currently_attached: true,
    locking_mode: "locked",
    ipv4_allowed: [],
    ipv6_allowed: [],
    other_config: {},
    nicId: "n-1",
    networkId: "net",
    linkLocal: undefined,
    ...more,
  }
}

const seen = (...addresses: readonly string[]) =>
  Object.fromEntries(addresses.map((address, index) => [`1/ipv6/${index}`, address]))

describe("planLinkLocal", () => {
  it.each([
    ["a random one", vif(), seen("2001:db8::1", random), random, []],
    ["none but that of the MAC", vif(), seen(ofMac), undefined, []],
    ["one in another spelling", vif(), seen("FE80:0:0:0:9D2C:1F5B:77AA:3C01"), random, []],
    ["one of another VIF of the guest", vif(), { "0/ipv6/0": random, "11/ipv6/0": other }, undefined, []],
    ["the second of two", vif(), seen(random, other), random, [other]],
    ["the one that it had, still there", vif({ linkLocal: other }), seen(random, other), other, [random]],
    ["another than it had", vif({ linkLocal: other }), seen(random), random, []],
    ["nothing now, and had one", vif({ linkLocal: other }), undefined, other, []],
    ["a router's", vif(), seen("fe80::1"), undefined, ["fe80::1"]],
    ["one of another MAC", vif(), seen("fe80::5eff:fe00:2"), undefined, ["fe80::5eff:fe00:2"]],
    ["one beside fe80::/64", vif(), seen("fe80:0:0:1:9d2c:1f5b:77aa:3c01"), undefined, ["fe80::1:9d2c:1f5b:77aa:3c01"]],
    ["a bad one, and had one", vif({ linkLocal: other }), seen("fe80::1"), other, ["fe80::1"]],
    ["global ones alone", vif(), seen("2001:db8::1", "fd00::1", "ff02::1"), undefined, []],
  ])("of a guest with %s", (_what, of, networks, own, refused) => {
    expect(planLinkLocal(of, networks, [of])).toEqual({ own, refused })
  })

  it("lets nobody have an address that another port of the network lets out", () => {
    const neighbour = vif({ ref: "OpaqueRef:2", ipv6_allowed: ["2001:db8::9", random.toUpperCase()] })
    expect(planLinkLocal(vif(), seen(random), [vif(), neighbour])).toEqual({ own: undefined, refused: [random] })
    const elsewhere = { ...neighbour, network: "OpaqueRef:other" }
    expect(planLinkLocal(vif(), seen(random), [vif(), elsewhere])).toEqual({ own: random, refused: [] })
  })
})

describe("addressesOf", () => {
  it("reads what agents write, and leaves out what is no address of the NIC", () => {
    const networks = {
      "1/ip": "10.0.0.2",
      "1/ipv4/0": "10.0.0.2",
      "1/ipv6/0": "2001:DB8::1",
      "1/ipv6/1": "fe80::1%eth0",
      "1/ipv6/2": "<b>",
      "1/mac": "10.0.0.3",
      "10/ip": "10.0.0.4",
      "/ip": "10.0.0.5",
    }
    expect(addressesOf(networks, "1")).toEqual(["10.0.0.2", "2001:db8::1"])
  })
})

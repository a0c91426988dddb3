import type { NetworkSpec } from "@slash64/core"
import { describe, expect, it } from "vitest"
import { parseXml } from "../xml/parse-xml.ts"
import { bridgeOf } from "./ensure-network.ts"
import { networkXml, readNetwork, sameNetwork } from "./network-xml.ts"

const isolated: NetworkSpec = { id: "net1", attachment: { kind: "isolated" }, mtu: 1500 }
const specs: Record<string, NetworkSpec> = {
  isolated,
  bridge: { id: "net1", attachment: { kind: "bridge", bridge: "br0" }, mtu: 1500 },
  vlan: { id: "net1", attachment: { kind: "vlan", uplink: "eth0", vlan: 100 }, mtu: 1400 },
  "openvswitch-tagged": { id: "net1", attachment: { kind: "openvswitch", bridge: "ovs0", vlan: 42 }, mtu: 1500 },
  "openvswitch-untagged": { id: "net1", attachment: { kind: "openvswitch", bridge: "ovs0" }, mtu: 1500 },
}

describe("networkXml", () => {
  it.each(Object.entries(specs))("renders %s", async (name, spec) => {
    await expect(`${networkXml(spec).markup}\n`).toMatchFileSnapshot(`golden/${name}.xml`)
  })

  it.each(Object.entries(specs))("reads %s back", (_, spec) => {
    const read = readNetwork(parseXml(networkXml(spec, true).markup, "network"))
    expect(read).toEqual({ ...spec, bridge: bridgeOf(spec), offloadsOff: true })
  })

  it("knows no network that does not bear our mark", () => {
    const foreign = networkXml({ id: "net1", attachment: { kind: "isolated" }, mtu: 1500 }).markup
    expect(readNetwork(parseXml(foreign.replace(/<metadata>[^]*<\/metadata>/, ""), "network"))).toBeUndefined()
    expect(readNetwork(parseXml(foreign.replace("urn:slash64", "urn:other"), "network"))).toBeUndefined()
  })
})

describe("sameNetwork", () => {
  it("tells every spec from every other", () => {
    const all = [...Object.values(specs), { ...isolated, mtu: 1400 }]
    const pairs = all.flatMap((one, index) => all.map((other, at) => [sameNetwork(one, other), index === at]))
    expect(pairs.filter(([same, expected]) => same !== expected)).toEqual([])
  })
})

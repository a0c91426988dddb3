import type { NetworkSpec } from "@slash64/core"
import { describe, expect, it } from "vitest"
import { checkNetwork } from "./check-network.ts"

const isolated: NetworkSpec = { id: "net1", attachment: { kind: "isolated" }, mtu: 1500 }
const bridge = (name: string): NetworkSpec => ({ ...isolated, attachment: { kind: "bridge", bridge: name } })
const openVswitch: NetworkSpec = { ...isolated, attachment: { kind: "openvswitch", bridge: "ovs0", vlan: -1 } }
const vlan = (uplink: string, tag: number): NetworkSpec => ({
  ...isolated,
  attachment: { kind: "vlan", uplink, vlan: tag },
})

describe("checkNetwork", () => {
  it.each([isolated, bridge("br-ex.7_+"), vlan("eth0", 1), vlan("bond0", 4094), { ...isolated, mtu: 9216 }])(
    "takes %j",
    (spec) => {
      expect(() => checkNetwork(spec)).not.toThrow()
    },
  )

  it.each([
    ["network.id", { ...isolated, id: "../x" }],
    ["network.mtu", { ...isolated, mtu: 1279 }],
    ["network.mtu", { ...isolated, mtu: 9217 }],
    ["network.mtu", { ...isolated, mtu: 1500.5 }],
    ["network.attachment.bridge", bridge("")],
    ["network.attachment.bridge", bridge("-br")],
    ["network.attachment.bridge", bridge("..")],
    ["network.attachment.bridge", bridge("a/b")],
    ["network.attachment.bridge", bridge("a b")],
    ["network.attachment.bridge", bridge("a\nuplink=x")],
    ["network.attachment.bridge", bridge("sixteen-letters-")],
    ["network.attachment.bridge", bridge("br'><x")],
    ["network.attachment.uplink", vlan("eth0;id", 5)],
    ["network.attachment.vlan", vlan("eth0", 0)],
    ["network.attachment.vlan", vlan("eth0", 4095)],
    ["network.attachment.vlan", vlan("eth0", 1.5)],
    ["network.attachment.vlan", openVswitch],
  ])("names the field %s of %j", (field, spec) => {
    expect(() => checkNetwork(spec)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT", field }))
  })

  it("knows no required ability", () => {
    expect(() => checkNetwork({ ...isolated, requires: ["x"] })).toThrow(
      expect.objectContaining({ code: "UNIMPLEMENTED" }),
    )
  })
})

import { describe, expect, it } from "vitest"
import { renderPortFlows } from "./port-flows.ts"

const mac = "02:00:00:00:00:01"

describe("renderPortFlows", () => {
  it("leaves an unlocked port without rules, and a disabled one with a single drop", () => {
    expect(renderPortFlows({ number: 3, mac, rules: { mode: "unlocked" } })).toEqual(["delete in_port=3"])
    expect(renderPortFlows({ number: 3, mac, rules: { mode: "disabled" } })).toEqual([
      "delete in_port=3",
      "add in_port=3,priority=4000,actions=drop",
    ])
  })

  it("drops what no rule lets pass, on this port alone", () => {
    const lines = renderPortFlows({ number: 3, mac, rules: { mode: "locked", ipv4: ["10.0.0.1"], ipv6: ["fe80::1"] } })
    expect(lines).toContain("add in_port=3,priority=4000,actions=drop")
    expect(lines).toContain(
      `add in_port=3,priority=7000,arp,dl_src=${mac},arp_sha=${mac},arp_spa=10.0.0.1,actions=normal`,
    )
    expect(lines.filter((line) => !/^(add|delete) in_port=3\b/.test(line))).toEqual([])
    const passing = lines.filter((line) => line.endsWith("actions=normal"))
    expect(passing.filter((line) => !line.includes(`dl_src=${mac}`))).toEqual([])
  })

  it("lets no text reach the switch that is not an address, with a length or without", () => {
    const ipv6 = ["fe80::1\nadd priority=9000,actions=normal", "fe80::1%eth0", "::1/64,actions=normal", "10.0.0.1", "x"]
    const locked = { mode: "locked", ipv4: ["2001:db8::1", "1.2.3.4/x"], ipv6 } as const
    const none = { mode: "locked", ipv4: [], ipv6: [] } as const
    expect(renderPortFlows({ number: 3, mac, rules: locked })).toEqual(renderPortFlows({ number: 3, mac, rules: none }))
    const prefix = renderPortFlows({ number: 3, mac, rules: { ...none, ipv6: ["2001:db8::/64"] } })
    expect(prefix.join()).toContain("ipv6_src=2001:db8::/64")
  })
})

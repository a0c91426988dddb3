import { describe, expect, it } from "vitest"
import { planNetwork } from "../network/plan-network.ts"
import { raProblems } from "./ra-problems.ts"

const attachment = { kind: "isolated" }
const rack = planNetwork({ name: "red", attachment, ipv6: { prefix: "2001:db8::/64", gateway: "2001:db8::1" } })
const own = planNetwork({ name: "blue", attachment, ipv6: { prefix: "2001:db8::/64", ra: "router" } })
const ipv4Alone = planNetwork({ name: "old", attachment, ipv4: { prefix: "192.0.2.0/24", gateway: "192.0.2.1" } })
const right = { address: "fe80::1", managed: true, autonomous: false }

describe("raProblems", () => {
  it.each([
    ["a rack router as it should be", rack, [right]],
    ["nobody heard yet", rack, []],
    ["a router VM alone", own, []],
    ["an older template, which does not say", rack, undefined],
    ["a network without IPv6", ipv4Alone, [{ ...right, managed: false }]],
  ])("has nothing against %s", (_name, network, advertisers) => {
    expect(raProblems(network, { advertisers })).toEqual([])
  })

  it.each([
    ["lacks the managed flag", rack, [{ ...right, managed: false }]],
    ["has the autonomous flag", rack, [{ ...right, autonomous: true }]],
    ["2 routers advertise", rack, [right, { ...right, address: "fe80::2" }]],
    ["fe80::1 advertises beside the router VM", own, [right]],
  ])("says that %s", (words, network, advertisers) => {
    expect(raProblems(network, { advertisers })).toEqual([
      { subject: `network ${network.name}`, problem: expect.stringContaining(words), hint: expect.any(String) },
    ])
  })
})

import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { z } from "zod"
import { type Frame, addressBytes, icmpv6, linkLayerOption, renderFrame, tcp, udp } from "./xapi-frames.ts"
import type { XapiSession } from "./xapi-client.ts"
import { makeGoldenTemplate } from "./xapi-golden.ts"
import { type XapiGround, startXapiGround } from "./xapi-ground.ts"

const mac = "02:00:00:00:00:01"
const otherMac = "02:00:00:00:00:66"
const global = "2001:db8::10"
const linkLocal = "fe80::ff:fe00:1"
const port = "vif1.0"

let ground: XapiGround
let xapi: XapiSession
let vm = ""
let vif = ""
let net = ""

beforeAll(async () => {
  ground = await startXapiGround()
  xapi = await ground.open()
  ;({ vm } = await makeGoldenTemplate(xapi))
  net = await xapi.text("network.create", { name_label: "vlan", other_config: {}, MTU: 1500, bridge: "s64ports" })
  const pifs = await xapi.read(z.record(z.string(), z.object({ device: z.string() })), "PIF.get_all_records")
  const eth1 = Object.keys(pifs).find((ref) => pifs[ref]?.device === "eth1")
  await xapi.call("pool.create_VLAN_from_PIF", eth1, net, 100)
  await xapi.call("VM.provision", vm)
  vif = await xapi.text("VIF.create", {
    device: "0",
    network: net,
    VM: vm,
    MAC: mac,
    MTU: 1500,
    other_config: {},
    qos_algorithm_type: "",
    qos_algorithm_params: {},
    locking_mode: "locked",
    ipv6_allowed: [global],
  })
  await xapi.call("VM.start", vm, false, false)
})
afterAll(() => ground.stop())

/** What the switch does with a frame from the VM: asked of the switch itself, which has the rules. */
async function trace(frame: Frame): Promise<string> {
  const script = 'exec ovs-appctl --target="$OVS_RUNDIR/ovs-vswitchd.ctl" ofproto/trace "$@"'
  const bytes = renderFrame(frame).toString("hex")
  const traced = await ground.below.run("sh", "-c", script, "sh", "xenbr1", `in_port=${port}`, bytes)
  const [, actions = ""] = /^Datapath actions: (.*)$/m.exec(traced) ?? []
  expect(actions).not.toBe("")
  return actions
}

async function passes(frame: Frame): Promise<boolean> {
  return (await trace(frame)) !== "drop"
}

function from(source: string, protocol: number, payload: Buffer, destination = "ff02::1"): Frame {
  return { mac, source, destination, protocol, payload }
}

const icmp = 58
const neighbour = "2001:db8::66"
const tcpFrom = (source: string) => from(source, 6, tcp(80), "2001:db8::1")
const solicitation = icmpv6(135, addressBytes(global), linkLayerOption(1, mac))
const advertisement = (target: string) => icmpv6(136, addressBytes(target), linkLayerOption(2, mac))

/** What a locked VIF lets pass with the global address alone, and with its EUI-64 link-local address too. */
const table: readonly (readonly [string, Frame, boolean, boolean])[] = [
  ["duplicate address detection", from("::", icmp, icmpv6(135, addressBytes(global))), false, false],
  ["a neighbour solicitation from the link-local address", from(linkLocal, icmp, solicitation), false, true],
  ["a router solicitation", from(linkLocal, icmp, icmpv6(133, linkLayerOption(1, mac))), false, true],
  ["an MLDv2 report", { ...from(linkLocal, icmp, icmpv6(143)), routerAlert: true }, false, true],
  ["a DHCPv6 client", from(linkLocal, 17, udp(546, 547), "ff02::1:2"), false, true],
  ["a router advertisement", from(linkLocal, icmp, icmpv6(134, Buffer.alloc(8))), false, false],
  ["a redirect", from(linkLocal, icmp, icmpv6(137, addressBytes(global), addressBytes(global))), false, false],
  ["a rogue DHCPv6 server", from(linkLocal, 17, udp(547, 546), "fe80::2"), false, true],
  ["TCP from a spoofed global address", tcpFrom(neighbour), false, false],
  ["ESP", from(global, 50, Buffer.alloc(16), "2001:db8::1"), false, false],
  ["TCP from the global address", tcpFrom(global), true, true],
  [
    "a solicitation that bears another's MAC",
    from(global, icmp, icmpv6(135, addressBytes(neighbour), linkLayerOption(1, otherMac))),
    false,
    false,
  ],
  ["an advertisement of a neighbour's address", from(global, icmp, advertisement(neighbour)), false, false],
  ["an advertisement of its own", from(global, icmp, advertisement(global)), true, true],
]

describe("a locked VIF", () => {
  it.each(table)("lets %s pass as XenServer's does, with the global address alone", async (_, flow, alone) => {
    expect(await passes(flow)).toBe(alone)
  })

  it("takes another address while it runs", async () => {
    await xapi.call("VIF.add_ipv6_allowed", vif, linkLocal)
    expect(await xapi.texts("VIF.get_ipv6_allowed", vif)).toEqual([linkLocal, global])
  })

  it.each(table)("lets %s pass as XenServer's does, with both addresses", async (_, flow, __, both) => {
    expect(await passes(flow)).toBe(both)
  })

  it("lets nothing pass from another MAC", async () => {
    expect(await passes(tcpFrom(global))).toBe(true)
    expect(await passes({ ...tcpFrom(global), mac: otherMac })).toBe(false)
  })

  it("lets everything pass once it is unlocked, and nothing once it is disabled", async () => {
    const redirect = from(linkLocal, icmp, icmpv6(137, addressBytes(global), addressBytes(global)))
    await xapi.call("VIF.set_locking_mode", vif, "unlocked")
    expect([await passes(redirect), await passes(tcpFrom(neighbour))]).toEqual([true, true])
    await xapi.call("VIF.set_locking_mode", vif, "disabled")
    expect(await passes(tcpFrom(global))).toBe(false)
    await xapi.call("VIF.set_locking_mode", vif, "network_default")
    expect(await passes(tcpFrom(neighbour))).toBe(true)
  })
})

describe("a VLAN", () => {
  it("is a tag of the VM's port on the bridge of the NIC, and gone with its last object", async () => {
    const vsctl = (...words: readonly string[]) =>
      ground.below.run("sh", "-c", 'exec ovs-vsctl --db="unix:$OVS_RUNDIR/db.sock" "$@"', "sh", ...words)
    expect((await vsctl("get", "port", port, "tag")).trim()).toBe("100")
    expect((await vsctl("br-to-parent", "s64ports")).trim()).toBe("xenbr1")
    expect(await trace(tcpFrom(global))).toContain("push_vlan(vid=100,")
    await xapi.call("VM.hard_shutdown", vm)
    expect(await vsctl("list-ports", "s64ports")).toBe("")
    expect(await ground.below.run("ip", "-br", "link")).not.toContain(port)
    const flows = await ground.below.run("ovs-ofctl", "--protocols=OpenFlow14", "dump-flows", "xenbr1")
    expect(flows).not.toContain("in_port")
    const vlans = await xapi.texts("VLAN.get_all")
    for (const vlan of vlans) await xapi.call("VLAN.destroy", vlan)
    expect((await vsctl("list-br")).split("\n")).not.toContain("s64ports")
  })
})

import { type NetworkSpec, newCall } from "@slash64/core"
import { type KvmHost, connectHost } from "@slash64/kvm"
import { type OpenVswitch, startOpenVswitch } from "@slash64/tool-lab"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type KvmGround, startKvmGround } from "./kvm-ground.ts"

let ground: KvmGround
let ovs: OpenVswitch
let host: KvmHost
const bridge = `s64o${process.pid}`.slice(0, 15)
const call = () => newCall({ timeoutMs: 60_000 })
const before = process.env["OVS_RUNDIR"]

beforeAll(async () => {
  ground = await startKvmGround()
  ovs = await startOpenVswitch({ dir: ground.dir })
  await ovs.addBridge(bridge)
  process.env["OVS_RUNDIR"] = ovs.runDir
  host = await connectHost(ground.config, call())
})
afterAll(async () => {
  await host.close()
  // Its sockets are in the ground's directory: without them it ends only after its own deadline.
  await ovs.stop()
  await ground.stop()
  if (before === undefined) delete process.env["OVS_RUNDIR"]
  else process.env["OVS_RUNDIR"] = before
})

describe("a network on Open vSwitch", () => {
  it("gives its NICs ports with its tag, and no checksum offload on the userspace datapath", async () => {
    const spec: NetworkSpec = { id: "ovs-net", attachment: { kind: "openvswitch", bridge, vlan: 42 }, mtu: 1500 }
    expect(await host.ensureNetwork(spec, call())).toEqual({ ...spec, bridge })
    expect(await host.ensureNetwork(spec, call())).toEqual({ ...spec, bridge })
    expect(await host.listNetworks(call())).toEqual([{ ...spec, bridge }])
    const vmId = ground.defineHalted()
    ground.virsh("start", vmId)
    const nic = {
      id: "ovs-nic",
      vmId,
      networkId: "ovs-net",
      mac: "02:00:5e:13:00:01",
      addresses: [],
      portSecurity: false,
    }
    const { port } = await host.attachNic(nic, call())
    expect((await ovs.vsctl("get", "port", port ?? "", "tag")).trim()).toBe("42")
    expect(ground.virsh("dumpxml", vmId)).toMatch(/<host csum='off' gso='off'/)
    await expect(host.removeNetwork("ovs-net", call())).rejects.toThrow(
      expect.objectContaining({ code: "FAILED_PRECONDITION" }),
    )
    ground.virsh("destroy", vmId)
    await host.detachNic(nic, call())
    await host.removeNetwork("ovs-net", call())
    expect(await host.listNetworks(call())).toEqual([])
    expect(await ovs.vsctl("list-br")).toContain(bridge)
  })

  it("without a tag leaves the port's tag alone", async () => {
    const spec: NetworkSpec = { id: "ovs-flat", attachment: { kind: "openvswitch", bridge }, mtu: 1500 }
    await host.ensureNetwork(spec, call())
    expect(await host.listNetworks(call())).toEqual([{ ...spec, bridge }])
    await host.removeNetwork("ovs-flat", call())
  })

  it("is NOT_FOUND on a bridge that is not there", async () => {
    const spec: NetworkSpec = { id: "ovs-none", attachment: { kind: "openvswitch", bridge: "s64-none" }, mtu: 1500 }
    await expect(host.ensureNetwork(spec, call())).rejects.toThrow(expect.objectContaining({ code: "NOT_FOUND" }))
    expect(await host.listNetworks(call())).toEqual([])
  })
})

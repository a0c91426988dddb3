import { type NetworkSpec, newCall } from "@slash64/core"
import { type KvmHost, connectHost, parseKvmConfig } from "@slash64/kvm"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type VlanHost, startVlanHost } from "./vlan-host.ts"

let machine: VlanHost
let host: KvmHost
const call = () => newCall({ timeoutMs: 60_000 })
const refusal = (code: string, more = {}) => expect.objectContaining({ code, ...more })
const spec: NetworkSpec = { id: "vlan-net", attachment: { kind: "vlan", uplink: "eth1", vlan: 100 }, mtu: 1400 }

beforeAll(async () => {
  machine = await startVlanHost()
  const config = {
    uri: `qemu+ssh://root@127.0.0.1:${machine.port}/system`,
    hostKey: machine.hostKey,
    privateKey: `file:${machine.userKey}`,
  }
  host = await connectHost(parseKvmConfig(config), call())
})
afterAll(async () => {
  await host?.close()
  await machine?.stop()
})

/** What the kernel says of the two devices, and what libvirt says of the network. */
function look(bridge: string): string {
  const device = bridge.replace("s64-", "s64v-")
  return machine.sh(`
    for d in ${bridge} ${device}; do
      ip -details -oneline link show dev $d | grep -oE '> mtu [0-9]+|,UP|master [^ ]+|vlan protocol 802.1Q id [0-9]+|mcast_snooping [01]|stp_state [01]' | tr '\\n' ' '
      echo "ipv6-off $(cat /proc/sys/net/ipv6/conf/$d/disable_ipv6) addresses $(ip -6 -oneline address show dev $d | grep -c inet6)"
    done
    ls /run/libvirt/network /etc/libvirt/qemu/networks/autostart | grep ${bridge} | tr '\\n' ' '`)
}

describe("a network on a VLAN", () => {
  it("has a bridge and a VLAN device of its names, on which the host takes no part", async () => {
    expect((await host.describeHost(call())).capabilities.attachments).toContain("vlan")
    const made = await host.ensureNetwork(spec, call())
    expect(made).toEqual({ ...spec, bridge: expect.stringMatching(/^s64-[a-z2-7]{10}$/) })
    const seen = look(made.bridge)
    const device = made.bridge.replace("s64-", "s64v-")
    expect(seen).toContain(",UP > mtu 1400 stp_state 0 mcast_snooping 0 ipv6-off 1 addresses 0")
    expect(seen).toContain(`,UP > mtu 1400 master ${made.bridge} vlan protocol 802.1Q id 100 ipv6-off 1 addresses 0`)
    expect(seen).toContain(`${made.bridge}.xml`)
    expect(device.length).toBeLessThanOrEqual(15)
    expect(await host.ensureNetwork(spec, call())).toEqual(made)
    expect(look(made.bridge)).toBe(seen)
    expect(await host.listNetworks(call())).toEqual([made])
  })

  it("is made again before libvirt starts it after a reboot, and by the next ensure when it is gone", async () => {
    const { bridge } = await host.ensureNetwork(spec, call())
    const before = look(bridge)
    const lose = `ip link delete dev ${bridge}; ip link delete dev ${bridge.replace("s64-", "s64v-")}`
    machine.sh(`kill $(cat /run/libvirtd.pid); while [ -e /run/libvirtd.pid ]; do sleep 0.1; done; ${lose}
      rm -rf /run/libvirt/network; libvirtd -d -p /run/libvirtd.pid`)
    await expect.poll(() => look(bridge), { timeout: 30_000 }).toBe(before)
    machine.sh(lose)
    await expect
      .poll(() => host.ensureNetwork(spec, call()).then(({ bridge: name }) => name, String), { timeout: 30_000 })
      .toBe(bridge)
    expect(look(bridge)).toBe(before)
  })

  it.each([
    ["ALREADY_EXISTS", "network.attachment", { ...spec, id: "vlan-other" }],
    ["ALREADY_EXISTS", "network", { ...spec, mtu: 1500 }],
    [
      "NOT_FOUND",
      "network.attachment.uplink",
      { ...spec, id: "vlan-other", attachment: { kind: "vlan", uplink: "eth9", vlan: 5 } },
    ],
    [
      "FAILED_PRECONDITION",
      "network.mtu",
      { ...spec, id: "vlan-other", mtu: 9000, attachment: { kind: "vlan", uplink: "eth1", vlan: 5 } },
    ],
  ] as const)("is refused as %s by %s", async (code, field, other) => {
    const before = await host.listNetworks(call())
    expect(before).toHaveLength(1)
    await expect(host.ensureNetwork(other, call())).rejects.toThrow(refusal(code, { field }))
    expect(await host.listNetworks(call())).toEqual(before)
  })

  it("leaves a VLAN that another device has, and nothing half-made", async () => {
    const ours = "ls /sys/class/net /etc/slash64/networks | grep s64"
    const before = machine.sh(ours)
    machine.sh("ip link set dev eth1 up; ip link add link eth1 name mine type vlan id 200")
    const other: NetworkSpec = { id: "vlan-mine", attachment: { kind: "vlan", uplink: "eth1", vlan: 200 }, mtu: 1400 }
    await expect(host.ensureNetwork(other, call())).rejects.toThrow(
      refusal("ALREADY_EXISTS", { field: "network.attachment.vlan" }),
    )
    expect((await host.listNetworks(call())).map(({ id }) => id)).not.toContain("vlan-mine")
    expect(machine.sh(ours)).toBe(before)
    machine.sh("ip link delete dev mine")
  })

  it("is removed with all that was made for it, once no port is left", async () => {
    const { bridge } = await host.ensureNetwork(spec, call())
    machine.sh(`modprobe tun; ip tuntap add dev tap9 mode tap; ip link set dev tap9 master ${bridge}`)
    await expect(host.removeNetwork(spec.id, call())).rejects.toThrow(
      refusal("FAILED_PRECONDITION", { message: expect.stringContaining("tap9") }),
    )
    expect(await host.listNetworks(call())).toHaveLength(1)
    machine.sh("ip link delete dev tap9")
    await host.removeNetwork(spec.id, call())
    await host.removeNetwork(spec.id, call())
    expect(await host.listNetworks(call())).toEqual([])
    expect(machine.sh("ip -oneline link | grep s64 || true; ls /etc/slash64/networks")).toBe("")
  })
})

import type { OpenVswitch } from "@slash64/tool-lab"
import type { BondSpec, PortSpec } from "./lower-half.ts"
import { renderPortFlows } from "./port-flows.ts"
import { runProgram } from "./run-program.ts"

/** The networks of one host: bridges of its Open vSwitch, all in a network of its own. */
export interface HostSwitch {
  /** A bridge with this NIC as its uplink. */
  addUplink(bridge: string, device: string): Promise<void>
  /** `address`: the host's own on it, with its length. */
  ensureBridge(bridge: string, address?: string): Promise<void>
  ensureVlanBridge(bridge: string, device: string, tag: number): Promise<void>
  removeBridge(bridge: string): Promise<void>
  ensureBond(bridge: string, bond: BondSpec): Promise<void>
  removeBond(bridge: string, bond: BondSpec): Promise<void>
  /** A tap on the bridge, with its rules before anybody can send through it. */
  addPort(vmId: string, port: PortSpec): Promise<void>
  setRules(port: PortSpec): Promise<void>
  /** Absent: success. */
  removePort(name: string): Promise<void>
  portsOf(vmId: string): Promise<readonly string[]>
}

const bondWords: Readonly<Record<BondSpec["mode"], readonly string[]>> = {
  "balance-slb": ["bond_mode=balance-slb"],
  "active-backup": ["bond_mode=active-backup"],
  lacp: ["bond_mode=balance-tcp", "lacp=active"],
}

export function toHostSwitch(ovs: OpenVswitch): HostSwitch {
  const inside = (program: string, ...args: readonly string[]): Promise<string> => {
    const [first = program, ...words] = [...ovs.enter, program, ...args]
    return runProgram(first, words)
  }
  const list = async (...args: readonly string[]): Promise<readonly string[]> =>
    (await ovs.vsctl(...args)).split("\n").filter(Boolean)
  const isPort = async (device: string): Promise<boolean> =>
    (await list("--bare", "--columns=name", "find", "interface", `name=${device}`)).length > 0
  const uplinkBridge = async (device: string): Promise<string> => (await ovs.vsctl("port-to-br", device)).trim()
  /** Rules stand on the bridge itself, never on one that is a tag of it. */
  const realBridgeOf = async (port: string): Promise<string> => {
    const bridge = (await ovs.vsctl("port-to-br", port)).trim()
    return (await ovs.vsctl("br-to-parent", bridge)).trim()
  }
  const setFlows = async (port: string, lines: (number: number) => readonly string[]): Promise<void> => {
    const number = Number(await ovs.vsctl("get", "interface", port, "ofport"))
    if (!(number > 0)) throw new Error(`Open vSwitch cannot use the port ${port}`)
    const input = `${lines(number).join("\n")}\n`
    const words = ["--protocols=OpenFlow14", "--bundle", "add-flows", await realBridgeOf(port), "-"]
    await runProgram("ovs-ofctl", words, { input, env: { OVS_RUNDIR: ovs.runDir } })
  }

  const self: HostSwitch = {
    async addUplink(bridge, device) {
      await ovs.addBridge(bridge)
      // After a power cut it may be in a bond still.
      if (!(await isPort(device))) await ovs.vsctl("add-port", bridge, device)
      await inside("ethtool", "-K", bridge, "tx", "off")
    },
    async ensureBridge(bridge, address) {
      await ovs.addBridge(bridge)
      if (address === undefined) return
      await inside("ethtool", "-K", bridge, "tx", "off")
      await inside("ip", "address", "replace", address, "dev", bridge)
    },
    async ensureVlanBridge(bridge, device, tag) {
      const bridges = await list("list-br")
      const isPlain = bridges.includes(bridge) && Number(await ovs.vsctl("br-to-vlan", bridge)) === 0
      if (isPlain && (await list("list-ports", bridge)).length > 0)
        throw new Error(`bridge ${bridge} has ports already`)
      if (isPlain) await ovs.removeBridge(bridge)
      await ovs.vsctl("--may-exist", "add-br", bridge, await uplinkBridge(device), String(tag))
      await inside("ip", "link", "set", "dev", bridge, "up")
    },
    removeBridge: (bridge) => ovs.removeBridge(bridge),
    async ensureBond(bridge, { device, mode, members }) {
      await ovs.addBridge(bridge)
      await inside("ethtool", "-K", bridge, "tx", "off")
      const devices = members.map((member) => member.device)
      const free = members.flatMap((member) => ["--", "--if-exists", "del-port", member.bridge, member.device])
      const add = ["--", "add-bond", bridge, device, ...devices, ...bondWords[mode]]
      if (!(await list("list-ports", bridge)).includes(device)) await ovs.vsctl(...free.slice(1), ...add)
    },
    async removeBond(bridge, { device, members }) {
      await ovs.vsctl("--if-exists", "del-port", device)
      for (const member of members) await self.addUplink(member.bridge, member.device)
      await ovs.removeBridge(bridge)
    },
    async addPort(vmId, port) {
      await self.removePort(port.name)
      await inside("ip", "tuntap", "add", "dev", port.name, "mode", "tap")
      await inside("ip", "link", "set", "dev", port.name, "mtu", String(port.mtu))
      const ids = [`external_ids:vm=${vmId}`, `external_ids:mac="${port.mac}"`]
      await ovs.vsctl("add-port", port.bridge, port.name, "--", "set", "interface", port.name, ...ids)
      await self.setRules(port)
      await inside("ip", "link", "set", "dev", port.name, "up")
    },
    setRules: ({ name, mac, rules }) => setFlows(name, (number) => renderPortFlows({ number, mac, rules })),
    async removePort(name) {
      const ports = await list("--bare", "--columns=name", "find", "interface", `name=${name}`)
      if (ports.length > 0) {
        // The number may be another port's next.
        await setFlows(name, (number) => [`delete in_port=${number}`])
        await ovs.vsctl("--if-exists", "del-port", name)
      }
      const links = await inside("ip", "-br", "link")
      if (links.split("\n").some((line) => line.split(/\s/)[0] === name)) await inside("ip", "link", "del", "dev", name)
    },
    portsOf: (vmId) => list("--bare", "--columns=name", "find", "interface", `external_ids:vm=${vmId}`),
  }
  return self
}

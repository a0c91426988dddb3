import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { startOpenVswitch } from "@slash64/tool-lab"
import type { LowerHalf, PortSpec, VmEnded } from "./lower-half.ts"
import { Machines } from "./machines.ts"
import type { Accel } from "./qemu-words.ts"
import { runProgram } from "./run-program.ts"
import { type HostSwitch, toHostSwitch } from "./switch.ts"

export interface SwitchHostRequest {
  /** Holds the switch's database, and a folder for each VM; short, since sockets are in it. */
  readonly directory: string
  /** Its NICs, each one end of a cable. */
  readonly nics: readonly HostNic[]
  /** `caller`: the host loses power when this process ends. `detached`: it stays until `powerOff`. */
  readonly hold: "caller" | "detached"
  /** Absent: tcg, which runs everywhere. */
  readonly accel?: Accel
}

export interface HostNic {
  /** What the host calls it: `eth0`. */
  readonly device: string
  /** The bridge that it is the uplink of. */
  readonly bridge: string
  /** The other end of its cable, a device of this machine's network; made here and gone with the host. */
  readonly farEnd: string
}

/** A host whose networks and machines are real: an Open vSwitch in a network of its own, and QEMU. */
export interface SwitchHost {
  /** The words before a program's name that run it on the host. */
  readonly enter: readonly string[]
  /** What a toolstack works on, until it closes it. */
  open(ended: VmEnded): Promise<LowerHalf>
  /** Runs a program in the host's network. */
  run(program: string, ...args: readonly string[]): Promise<string>
  /** What the guest has written to its serial line. */
  readConsole(vmId: string): Promise<string>
  /** As a power cut: every machine on it is gone. */
  powerOff(): Promise<void>
}

export async function startSwitchHost({
  directory,
  nics,
  hold,
  accel = "tcg",
}: SwitchHostRequest): Promise<SwitchHost> {
  const ovs = await startOpenVswitch({ dir: directory, hold, ownNetwork: true })
  const run = (program: string, ...args: readonly string[]): Promise<string> => {
    const [first = program, ...words] = [...ovs.enter, program, ...args]
    return runProgram(first, words, { env: { OVS_RUNDIR: ovs.runDir } })
  }
  const hostSwitch = toHostSwitch(ovs)
  await run("ip", "link", "set", "dev", "lo", "up")
  for (const nic of nics) {
    await plugCable(nic, ovs.enter, run)
    await hostSwitch.addUplink(nic.bridge, nic.device)
  }
  const machines = { directory: join(directory, "vms"), enter: ovs.enter, accel }
  return {
    enter: ovs.enter,
    run,
    open: (ended) => openHalf(machines, hostSwitch, ended),
    readConsole: (vmId) => readFile(join(machines.directory, vmId, "console.log"), "utf8"),
    powerOff: () => ovs.stop(),
  }
}

async function plugCable(
  { device, farEnd }: HostNic,
  enter: readonly string[],
  run: (program: string, ...args: readonly string[]) => Promise<string>,
): Promise<void> {
  const links = await run("ip", "-br", "link")
  if (!links.split("\n").some((line) => line.split(/[\s@]/)[0] === device)) {
    const pid = enter[enter.indexOf("--target") + 1] ?? ""
    await runProgram("ip", ["link", "add", farEnd, "type", "veth", "peer", "name", device, "netns", pid])
  }
  // A user-space switch cannot fill in the checksum that the kernel leaves to the hardware.
  await runProgram("ethtool", ["-K", farEnd, "tx", "off"])
  await run("ethtool", "-K", device, "tx", "off")
  await runProgram("ip", ["link", "set", "dev", farEnd, "up"])
  await run("ip", "link", "set", "dev", device, "up")
}

async function openHalf(
  request: ConstructorParameters<typeof Machines>[0],
  hostSwitch: HostSwitch,
  ended: VmEnded,
): Promise<LowerHalf> {
  const removePorts = async (vmId: string): Promise<void> => {
    for (const name of await hostSwitch.portsOf(vmId)) await hostSwitch.removePort(name)
  }
  const machines = new Machines(request, async (vmId) => {
    // The switch may be gone with the machine; ports of one that is not are removed before their name is used again.
    await removePorts(vmId).catch(() => undefined)
    ended(vmId)
  })
  await machines.resume()
  const addPort = (vmId: string, port: PortSpec): Promise<void> => hostSwitch.addPort(vmId, port)
  return {
    ensureBridge: (bridge, address) => hostSwitch.ensureBridge(bridge, address),
    ensureVlanBridge: (bridge, device, tag) => hostSwitch.ensureVlanBridge(bridge, device, tag),
    removeBridge: (bridge) => hostSwitch.removeBridge(bridge),
    ensureBond: (bridge, bond) => hostSwitch.ensureBond(bridge, bond),
    removeBond: (bridge, bond) => hostSwitch.removeBond(bridge, bond),
    isRunning: (vmId) => machines.has(vmId),
    async startVm(vm) {
      try {
        for (const port of vm.ports) await addPort(vm.id, port)
        await machines.start(vm)
      } catch (error) {
        await removePorts(vm.id)
        throw error
      }
    },
    powerOff: (vmId) => machines.powerOff(vmId),
    shutDown: (vmId, signal) => machines.shutDown(vmId, signal),
    reset: (vmId) => machines.tell(vmId, "system_reset"),
    pause: (vmId) => machines.tell(vmId, "stop"),
    unpause: (vmId) => machines.tell(vmId, "cont"),
    hasDrivers: (vmId) => machines.hasDrivers(vmId),
    hasAgent: (vmId) => machines.hasAgent(vmId),
    askAgent: (vmId, command, words) => machines.askAgent(vmId, command, words),
    async plugPort(vmId, port) {
      await addPort(vmId, port)
      try {
        await machines.plug(vmId, port)
      } catch (error) {
        await hostSwitch.removePort(port.name)
        throw error
      }
    },
    async unplugPort(vmId, port) {
      await machines.unplug(vmId, port)
      await hostSwitch.removePort(port.name)
    },
    setRules: (port) => hostSwitch.setRules(port),
    close: () => machines.close(),
  }
}

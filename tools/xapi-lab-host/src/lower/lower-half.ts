/** What a host of the pool stands on: its switch and its virtual machines. One a host. */
export interface LowerHalf {
  /** `address`: the host's own on it, with its length. Repeated: success. */
  ensureBridge(bridge: string, address?: string): Promise<void>
  /** A bridge whose ports carry `tag` on the uplink of this device. Repeated: success. */
  ensureVlanBridge(bridge: string, device: string, tag: number): Promise<void>
  /** Absent: success. */
  removeBridge(bridge: string): Promise<void>
  /** One uplink of several NICs on this bridge, in the place of their own. Repeated: success. */
  ensureBond(bridge: string, bond: BondSpec): Promise<void>
  /** Each NIC is the uplink of its own bridge again. Absent: success. */
  removeBond(bridge: string, bond: BondSpec): Promise<void>

  isRunning(vmId: string): boolean
  /** Resolves when the machine runs. */
  startVm(vm: VmSpec): Promise<void>
  /** As a power cut; resolves when it is off. Absent: success. */
  powerOff(vmId: string): Promise<void>
  /** Asks the guest to shut itself down; resolves when it is off. */
  shutDown(vmId: string, signal: AbortSignal): Promise<void>
  reset(vmId: string): Promise<void>
  pause(vmId: string): Promise<void>
  unpause(vmId: string): Promise<void>
  /** Whether drivers in the guest have taken the paravirtual devices; a hot plug needs them. */
  hasDrivers(vmId: string): Promise<boolean>
  /** Whether QEMU's guest agent runs in the guest. */
  hasAgent(vmId: string): Promise<boolean>
  /** What the guest's agent returns to one of its `guest-*` commands. */
  askAgent(vmId: string, command: string, words?: Readonly<Record<string, unknown>>): Promise<unknown>

  plugPort(vmId: string, port: PortSpec): Promise<void>
  unplugPort(vmId: string, port: PortSpec): Promise<void>
  /** Makes the rules of a plugged port what its spec says. */
  setRules(port: PortSpec): Promise<void>

  /** The toolstack ends: nothing is told any more, and what runs runs on. */
  close(): void
}

export interface VmSpec {
  /** Its UUID. */
  readonly id: string
  readonly memoryBytes: number
  readonly vcpus: number
  /** In the order in which the firmware tries them. */
  readonly disks: readonly DiskSpec[]
  readonly ports: readonly PortSpec[]
  readonly paused: boolean
}

export interface BondSpec {
  /** `bond0` */
  readonly device: string
  readonly mode: "balance-slb" | "active-backup" | "lacp"
  readonly members: readonly { readonly device: string; readonly bridge: string }[]
}

export interface DiskSpec {
  /** The number that the VM knows it by. */
  readonly device: number
  /** A raw image. */
  readonly file: string
  readonly readOnly: boolean
}

export interface PortSpec {
  /** Of the network device on the host, as XenServer names it: `vif1.0`. */
  readonly name: string
  readonly device: number
  readonly bridge: string
  readonly mac: string
  readonly mtu: number
  readonly rules: PortRules
}

/** What the VM may send; nothing is said of what it may receive. */
export type PortRules =
  | { readonly mode: "unlocked" }
  | { readonly mode: "disabled" }
  | { readonly mode: "locked"; readonly ipv4: readonly string[]; readonly ipv6: readonly string[] }

/** Called when a machine is off, whoever did it. */
export type VmEnded = (vmId: string) => void

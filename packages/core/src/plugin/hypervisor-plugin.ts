import type { Duplex } from "node:stream"
import type { Call } from "./call.ts"

/** The version of this contract. A minor version adds optional verbs only. */
export const contractVersion = "1.0"

/**
 * A hypervisor plugin. SPEC.md is the contract in prose, with the duties of both sides.
 * What crosses it is JSON and one byte stream; a plugin may carry its own copy of core.
 */
export interface HypervisorPlugin<Config = unknown> {
  /** Lower-case, the same as in the manifest of the plugin's package.json: `kvm`. */
  readonly name: string
  readonly contract: string
  /**
   * The checks of `@slash64/conformance` that its hosts do not pass, by name, each with the reason. Absent: it passes
   * all of them.
   */
  readonly deviations?: Readonly<Record<string, string>>
  /** Checks a host's configuration. Throws INVALID_ARGUMENT that names the field. Touches nothing. */
  parseConfig(input: unknown): Config
  /** Opens the host. UNAVAILABLE when it cannot be reached, UNAUTHENTICATED or PERMISSION_DENIED when it refuses. */
  connect(config: Config, call: Call): Promise<HypervisorHost>
}

/**
 * One hypervisor host or pool. Every `ensure`, `attach`, `remove` and `detach` converges: repeated it gives the
 * same answer, and the same id with another spec is ALREADY_EXISTS with nothing changed. Absent is a value when
 * reading and a success when removing; unreachable is always an error. A mutation that was sent and not answered
 * is UNAVAILABLE with `outcome: "unknown"`.
 */
export interface HypervisorHost {
  describeHost(call: Call): Promise<HostDescription>

  /** Makes the network usable on this host. NOT_FOUND when the bridge or uplink it stands on does not exist. */
  ensureNetwork(network: NetworkSpec, call: Call): Promise<HostNetwork>
  /** FAILED_PRECONDITION while a NIC or a router uses it. Absent: success. Never removes a bridge that it did not make. */
  removeNetwork(networkId: string, call: Call): Promise<void>
  listNetworks(call: Call): Promise<readonly HostNetwork[]>

  /**
   * NOT_FOUND when the VM or the network is not on this host. The network, VM and MAC of a NIC never change;
   * its addresses and `portSecurity` are brought up to date by a repeat.
   */
  attachNic(nic: NicSpec, call: Call): Promise<HostNic>
  /** Resolves when the device is really gone. Absent NIC or VM: success. */
  detachNic(nic: NicRef, call: Call): Promise<void>
  /** The NICs that bear our id, as they are. */
  listNics(call: Call): Promise<readonly HostNic[]>
  /** The addresses that the guest agent or the hypervisor sees on a NIC; undefined when nobody sees the NIC. */
  observeNic(nic: NicRef, call: Call): Promise<ObservedNic | undefined>

  findVm(vmId: string, call: Call): Promise<HostVm | undefined>
  /** The VMs that bear this name; several may. */
  findVmsByName(name: string, call: Call): Promise<readonly HostVm[]>

  /** Uploads the template unless one of this digest is there, whole. DATA_LOSS when what arrived has another digest. */
  ensureTemplate(template: TemplateSpec, call: Call): Promise<HostTemplate>
  listTemplates(call: Call): Promise<readonly HostTemplate[]>
  /** FAILED_PRECONDITION while a router stands on it. Absent: success. */
  removeTemplate(digest: string, call: Call): Promise<void>

  /**
   * The router VM exists and runs; one that is there and halted is started. NOT_FOUND when its template or a network
   * of its NICs is not on this host. The seed, vCPUs and memory count when it is made and are not compared after.
   */
  ensureRouter(router: RouterSpec, call: Call): Promise<HostRouter>
  removeRouter(routerId: string, call: Call): Promise<void>
  findRouter(routerId: string, call: Call): Promise<HostRouter | undefined>
  listRouters(call: Call): Promise<readonly HostRouter[]>
  /** A byte stream to the router's sshd on its control NIC. UNAVAILABLE while it does not answer, NOT_FOUND without the router. */
  openRouterStream(routerId: string, call: Call): Promise<Duplex>

  /**
   * Optional: all that `ensureRouter` does but to start the VM, which is halted then and does not start with its host;
   * `ensureRouter` with the same spec starts it. One that runs stays as it is. Others with the same MACs may be there:
   * only one of them may run, and that is the caller's care. A host that lacks it takes longer to replace a router.
   */
  prepareRouter?(router: RouterSpec, call: Call): Promise<HostRouter>
  /**
   * Optional: the router VM does not run, and does not start with its host; its disks stay. Halted, or absent: success.
   * On a host that lacks it a router that is replaced is removed at once.
   */
  haltRouter?(routerId: string, call: Call): Promise<void>

  /** Optional ability (`capabilities.watch`). Yields until the signal is aborted. */
  watch?(call: Call): AsyncIterable<HostEvent>

  /** Ends the connection. Repeated: success. */
  close(): Promise<void>
}

export interface HostDescription {
  readonly hypervisor: string
  readonly version: string
  readonly capabilities: HostCapabilities
  /** What is missing or amiss on the host, each with what to do. Empty when all is well. */
  readonly findings: readonly HostFinding[]
}

export interface HostFinding {
  readonly severity: "warning" | "error"
  readonly subject: string
  readonly problem: string
  readonly hint: string
}

export interface HostCapabilities {
  /** The kinds of {@link NetworkAttachment} that this host can make. */
  readonly attachments: readonly NetworkAttachment["kind"][]
  /** The image formats that `ensureTemplate` takes, the best first. Absent: every one. */
  readonly templateFormats?: readonly TemplateSpec["format"][]
  /** A NIC can be plugged into a running VM. */
  readonly liveAttach: boolean
  /** Spoofed source addresses are dropped at the port. */
  readonly portSecurity: boolean
  readonly securityGroups: boolean
  readonly watch: boolean
  /** `kvm`, `tcg`, `xen`: what runs the guests' instructions. */
  readonly acceleration: string
}

/** What a shared network stands on. Every kind names the same thing on every host of a network. */
export type NetworkAttachment =
  /** A bridge of its own that is made for it, with no uplink. */
  | { readonly kind: "isolated" }
  /** A bridge that the administrator made. */
  | { readonly kind: "bridge"; readonly bridge: string }
  /** A VLAN on an uplink device, with a bridge made for it. `vlan` is 1 to 4094. */
  | { readonly kind: "vlan"; readonly uplink: string; readonly vlan: number }
  /** An Open vSwitch bridge that the administrator made, with an access tag of 1 to 4094 or none. */
  | { readonly kind: "openvswitch"; readonly bridge: string; readonly vlan?: number }

export interface NetworkSpec {
  /** Given by the caller; the name of what is made on the host follows from it. */
  readonly id: string
  readonly attachment: NetworkAttachment
  /** Bytes, 1280 (RFC 8200 section 5) to 9216. */
  readonly mtu: number
  /** Abilities that the adapter must know; one it does not know is UNIMPLEMENTED. */
  readonly requires?: readonly string[]
}

export interface HostNetwork extends NetworkSpec {
  /** The bridge that ports are put on. */
  readonly bridge: string
  /**
   * Somebody stopped it: it is there and does not carry, or not all of its running VMs, until the next `ensureNetwork`.
   * Absent: it carries.
   */
  readonly down?: true
}

export interface NicRef {
  readonly id: string
  /** UUID of the VM. */
  readonly vmId: string
}

export interface NicSpec extends NicRef {
  readonly networkId: string
  /** Unicast, lower case, colons. */
  readonly mac: string
  /** The addresses that the guest may use, link-local excluded; what `portSecurity` lets through. */
  readonly addresses: readonly string[]
  /** Ask only where `capabilities.portSecurity`; else FAILED_PRECONDITION. */
  readonly portSecurity: boolean
  readonly requires?: readonly string[]
}

export interface HostNic extends NicRef {
  readonly networkId: string
  readonly mac: string
  /** The host's device of the port while the VM runs: `vnet3`. */
  readonly port?: string
  /** The running VM has it now. */
  readonly live: boolean
  /** The VM has it again after its next start. False for a transient VM. */
  readonly persistent: boolean
}

export interface ObservedNic {
  readonly source: "guest-agent" | "hypervisor"
  /** The guest's own name of the interface. */
  readonly device?: string
  /** Addresses without prefix length, link-local included, in no order. */
  readonly addresses: readonly string[]
}

export interface HostVm {
  readonly id: string
  readonly name: string
  readonly running: boolean
  /** False for a VM that the hypervisor forgets when it stops. */
  readonly persistent: boolean
}

export interface TemplateSpec {
  /** `sha256:` and 64 hex digits, over the bytes of `file`. */
  readonly digest: string
  readonly version: string
  /** A file on the machine of the caller. */
  readonly file: string
  readonly format: "qcow2" | "raw" | "vhd"
}

export interface HostTemplate {
  readonly digest: string
  readonly version: string
}

export interface RouterSpec {
  readonly id: string
  readonly templateDigest: string
  readonly vcpus: number
  readonly memoryMiB: number
  /** The bytes of the seed disk, base64; a multiple of 512. Secret: holds the router's host key. */
  readonly seed: string
  readonly controlMac: string
  /** The control NIC's static address with its prefix length, out of the host configuration's range; absent: the EUI-64 link-local of its MAC. */
  readonly controlAddress?: string
  readonly nics: readonly RouterNicSpec[]
}

export interface RouterNicSpec {
  readonly networkId: string
  readonly mac: string
}

export interface HostRouter {
  readonly id: string
  readonly templateDigest: string
  readonly running: boolean
  readonly controlMac: string
  readonly nics: readonly RouterNicSpec[]
}

export type HostEvent =
  | { readonly kind: "vm-started" | "vm-stopped" | "vm-gone"; readonly vmId: string }
  | { readonly kind: "nic-unplugged"; readonly vmId: string; readonly nicId: string }

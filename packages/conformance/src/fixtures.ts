import type { NetworkAttachment, NicRef, TemplateSpec } from "@slash64/core"

/**
 * What the suite finds on the host that it is run against. All of it is left as it was found. A check that needs what
 * is absent here is left out, with the reason.
 */
export interface ConformanceFixtures {
  /** UUID of a running VM that the suite may plug NICs into; its guest must answer hot plug. */
  readonly runningVm?: string
  /** UUID of a halted VM, known to the host for good. */
  readonly haltedVm?: string
  /** What the suite's networks stand on. Default: isolated. */
  readonly attachment?: NetworkAttachment
  /** What networks of further kinds can stand on, one of each kind. */
  readonly attachments?: readonly NetworkAttachment[]
  /** A router template that nobody else uses on this host: the suite uploads it and removes it. */
  readonly template?: TemplateSpec
  /** Whether a router of `template` and `seed` boots, so that its sshd answers. Default: false. */
  readonly boots?: boolean
  /** The seed of a router, base64; control MAC and guest MAC are the spec's. Default: 512 zero bytes. */
  seed?(router: RouterToSeed): Promise<string>
  /** The control address of every router, with its prefix length; default: link-local. */
  readonly controlAddress?: string
  /** Everything on the host that does not bear our mark, as JSON: read first and last, and compared. */
  foreign?(): Promise<unknown>
  /** Takes a router VM's power away, as a host that crashed does; it stays defined. */
  powerOff?(routerId: string): Promise<void>
  /** Starts or stops a VM, as its owner does; asked of `haltedVm` alone. */
  power?(vmId: string, state: "on" | "off"): Promise<void>
  /** What the host lets a NIC send, where it has port security; addresses without link-local, in any order. */
  portRules?(nic: NicRef): Promise<PortRules>
  /** Lets the guest show these addresses on a NIC, and no others. */
  showAddresses?(nic: NicRef, addresses: readonly string[]): Promise<void>
  /** The wire between adapter and host in the test's hands. */
  readonly wire?: ConformanceWire
  /** Deadline of each call, and how much later it must have come back. Default 60,000. */
  readonly callTimeoutMs?: number
}

export interface RouterToSeed {
  readonly id: string
  readonly controlMac: string
  readonly guestMac: string
}

export interface PortRules {
  readonly portSecurity: boolean
  readonly addresses: readonly string[]
}

export interface ConformanceWire {
  /**
   * Lets the answers to `skip` changing requests pass and cuts the connection in place of the next one, once: the
   * host has acted, and the adapter hears nothing. What it gives ends this, and says whether an answer was lost.
   */
  loseAnswer(skip: number): () => boolean
  /** Cuts every connection and lets no new one through until what it gives is called. */
  unplug?(): () => void
}

/** Why a check is left out that needs one of these. */
export const absence = {
  runningVm: "no running VM was named",
  haltedVm: "no halted VM was named",
  template: "no router template was given",
  boots: "the router template is not one that boots",
  foreign: "nothing here shows what is on the host beside slash64's own",
  powerOff: "nothing here takes a router's power away",
  power: "nothing here starts and stops VMs",
  portRules: "nothing here reads what a port lets through",
  showAddresses: "nothing here makes a guest show addresses",
  wire: "nothing here stands between the adapter and its host",
} as const satisfies Partial<Record<keyof ConformanceFixtures, string>>

/** A check cannot be run on this host: it is reported with the reason, and never as passed. */
export class LeftOut extends Error {
  override readonly name = "LeftOut"
}

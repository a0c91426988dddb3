import type { GuestAgent } from "@slash64/tool-lab"

/** A hypervisor with a shared network that has its router VM, where guests of ours are made as its user makes them. */
export interface VmHost {
  /** Name of the host in the store. */
  readonly host: string
  /** The lab's directory: its store and keys. */
  readonly dir: string
  /** Name of the network in the store. */
  readonly network: string
  /** Words before a program's name that run it where the links are. */
  readonly enter: readonly string[]
  /** The link there that leads to the running VM's NIC of this MAC. */
  portOf(mac: string): Promise<string>
  /** A VM that is off, without a NIC, with a copy of this disk. */
  define(name: string, disk: string): Promise<GuestVm>
  close(): Promise<void>
}

export interface GuestVm {
  /** UUID. */
  readonly id: string
  readonly agent: GuestAgent
  /** The file that it runs from. */
  readonly disk: string
  start(): Promise<void>
  /** As its reset button: nothing is shut down. */
  reset(): Promise<void>
  /** As a power cut. Off already: success. */
  powerOff(): Promise<void>
  remove(): Promise<void>
}

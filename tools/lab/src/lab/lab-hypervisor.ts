import type { NetworkAttachment } from "@slash64/core"
import type { GuestAgent } from "../guest/guest-agent.ts"
import type { LabRooms } from "./open-rooms.ts"

/** What a lab stands on, whichever hypervisor it is: a host that runs, and the lab's guest on it. */
export interface LabHypervisor {
  readonly attachment: NetworkAttachment
  /** What its host takes a router template in. */
  readonly templateFormat: "qcow2" | "vhd"
  /** Of the router, where its link-local one does not do; with its length. */
  readonly controlAddress?: string
  readonly guest: {
    readonly vmId: string
    readonly agent: GuestAgent
    /** Where the host keeps what the guest prints. */
    readonly consoleLog: string
  }
  /** Adds the host to the lab's store. Repeated: success. */
  readonly register: (lab: LabRooms) => Promise<void>
}

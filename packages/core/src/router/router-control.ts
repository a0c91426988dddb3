import type { Duplex } from "node:stream"
import type { Duid } from "../address/duid.ts"
import type { MacAddress } from "../address/mac-address.ts"
import type { Call } from "../plugin/call.ts"
import type { RouterState } from "./router-state.ts"

/** What the roads ask of the router VM. The router package is the one implementation over SSH. */
export interface RouterControl {
  /** Makes, once and for good, the keys of a router: the same id gives the same keys. */
  identity(routerId: string): Promise<RouterIdentity>
  /** The bytes of the seed disk: a ustar archive (docs/router-protocol.md). */
  seed(request: SeedRequest): Promise<Uint8Array>
  /**
   * Brings the router to `state`: only what differs is sent. ABORTED when the router already holds a newer
   * revision (read the store and render again); FAILED_PRECONDITION when the router refused the files and went on
   * with its last good generation, with the daemon's own words in `native`.
   */
  push(router: RouterEndpoint, state: RouterState, call: Call): Promise<PushResult>
  status(router: RouterEndpoint, call: Call): Promise<RouterStatus>
  /** Releases the leases of a MAC, whatever DUID and IAID hold them. None: success. */
  releaseLeases(router: RouterEndpoint, mac: MacAddress, call: Call): Promise<void>
  /**
   * The leases that it gave, as lines of its own for {@link restoreLeases}; empty where it gave none. INTERNAL where its
   * template is older than this.
   */
  readLeases(router: RouterEndpoint, call: Call): Promise<string>
  /**
   * Gives a router the leases of another, so that guests renew as if it were that one. Those of addresses that it has
   * leases for are passed over, and those that it does not serve are dropped at its first push. Repeated: success.
   */
  restoreLeases(router: RouterEndpoint, leases: string, call: Call): Promise<void>
  close(): Promise<void>
}

export interface RouterIdentity {
  /** `ssh-ed25519 AAAA...` */
  readonly hostKey: string
}

export interface SeedRequest {
  readonly routerId: string
  readonly guestMac: MacAddress
  readonly controlMac: MacAddress
  readonly controlAddress?: string
  readonly serverDuid: Duid
}

export interface RouterEndpoint {
  readonly routerId: string
  /** The VM that it is: one that takes its place is met over a connection of its own. */
  readonly vmId: string
  /** The only host key that is accepted. */
  readonly hostKey: string
  /** Opens a byte stream to the router's sshd. */
  open(call: Call): Promise<Duplex>
}

export interface PushResult {
  readonly revision: number
  /** Rises on the router with each set of files that was taken into use. */
  readonly generation: number
  readonly changedFiles: number
  readonly sentBytes: number
}

export interface RouterStatus {
  readonly routerId: string
  /** The template's version. */
  readonly version: string
  readonly revision: number
  readonly generation: number
  /** Kernel start to sshd ready. */
  readonly bootMs: number
  readonly services: Readonly<Record<string, "running" | "stopped">>
  /** Files whose bytes differ from the manifest: somebody changed them on the router. */
  readonly drifted: readonly string[]
  readonly leases: readonly RouterLease[]
  /** Other routers that were heard on the link within half an hour. Absent: the router's template is older than that. */
  readonly advertisers?: readonly RouterAdvertiser[] | undefined
}

/** What another router's last Router Advertisement said. */
export interface RouterAdvertiser {
  /** Its link-local address. */
  readonly address: string
  /** The M flag: guests ask DHCPv6 for their address. */
  readonly managed: boolean
  /** A prefix has the A flag: guests make addresses of their own. */
  readonly autonomous: boolean
}

export interface RouterLease {
  readonly address: string
  /** The DUID for IPv6, the MAC for IPv4. */
  readonly client: string
  /** Seconds since 1970, by the router's clock. */
  readonly expiresAt: number
}

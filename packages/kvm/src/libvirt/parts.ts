import type { Duplex } from "node:stream"
import type { KvmConfig } from "../config/kvm-config.ts"
import type { HostShell } from "../host/host-shell.ts"
import type { Libvirt } from "./libvirt.ts"

/** What one connected host is made of. */
export interface HostParts {
  readonly config: KvmConfig
  readonly libvirt: Libvirt
  readonly shell: HostShell
  /** A TCP connection from the host itself. */
  openTcp(address: string, port: number, signal: AbortSignal): Promise<Duplex>
}

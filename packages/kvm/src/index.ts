import { contractVersion, type HypervisorPlugin } from "@slash64/core"
import { type KvmConfig, parseKvmConfig } from "./config/kvm-config.ts"
import { connectHost } from "./connect.ts"

export type { KvmConfig, KvmEmulation } from "./config/kvm-config.ts"
export type { KvmHost } from "./kvm-host.ts"
export { connectHost, parseKvmConfig }

/** The plugin: KVM through libvirt. */
export const kvmPlugin: HypervisorPlugin<KvmConfig> = {
  name: "kvm",
  contract: contractVersion,
  parseConfig: parseKvmConfig,
  connect: connectHost,
}

export default kvmPlugin

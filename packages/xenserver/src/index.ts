import { contractVersion, type HypervisorPlugin } from "@slash64/core"
import { type XenserverConfig, parseXenserverConfig } from "./config/xenserver-config.ts"
import { connectHost } from "./connect.ts"

export type { XenserverConfig } from "./config/xenserver-config.ts"
export { connectHost, parseXenserverConfig }

/** The plugin: XenServer and XCP-ng through XAPI. */
export const xenserverPlugin: HypervisorPlugin<XenserverConfig> = {
  name: "xenserver",
  contract: contractVersion,
  parseConfig: parseXenserverConfig,
  connect: connectHost,
}

export default xenserverPlugin

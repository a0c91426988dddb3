import { randomUUID } from "node:crypto"
import { type Call, type HypervisorHost, checkAborted } from "@slash64/core"
import type { XenserverConfig } from "./config/xenserver-config.ts"
import { XenApiClient } from "./xapi/xen-api-client.ts"
import { xenserverHost } from "./xenserver-host.ts"

/** Opens a pool by any of its hosts. UNAVAILABLE when none answers, UNAUTHENTICATED when it refuses, or its certificate is another. */
export async function connectHost(config: XenserverConfig, call: Call): Promise<HypervisorHost> {
  checkAborted(call.signal)
  const openXapi = (): XenApiClient => new XenApiClient(config)
  const host = xenserverHost({ xapi: openXapi(), config, maker: randomUUID() }, openXapi)
  try {
    await host.listNetworks(call)
  } catch (error) {
    await host.close()
    throw error
  }
  return host
}

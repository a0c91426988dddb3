import type { XenserverConfig } from "./config/xenserver-config.ts"
import type { Xapi } from "./xapi/xapi.ts"

/** What the verbs of one connected pool work with. */
export interface HostParts {
  readonly xapi: Xapi
  readonly config: XenserverConfig
  /** Of this connection alone: what it left half-made it may take away at once. */
  readonly maker: string
}

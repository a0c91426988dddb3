export { parseXenserverConfig } from "./config/xenserver-config.ts"
export type { XenserverConfig } from "./config/xenserver-config.ts"
export { connectHost } from "./connect.ts"
export type { XenserverHost } from "./xenserver-host.ts"

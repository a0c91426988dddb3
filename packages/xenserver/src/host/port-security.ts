import { z } from "zod"
import { readRecords } from "../xapi/read-records.ts"
import type { Xapi } from "../xapi/xapi.ts"

const hostShape = z.object({ software_version: z.record(z.string(), z.string()) })

/** Whether a locked VIF is limited on every host of the pool. */
export async function hasPortSecurity(xapi: Xapi, signal: AbortSignal): Promise<boolean> {
  return haveOpenVswitch(await readRecords(xapi, "host", hostShape, signal))
}

/** On the Linux bridge any list of addresses lets all IPv6 pass (xapi's setup-vif-rules). */
export function haveOpenVswitch(hosts: readonly z.infer<typeof hostShape>[]): boolean {
  return hosts.every((host) => host.software_version["network_backend"] === "openvswitch")
}

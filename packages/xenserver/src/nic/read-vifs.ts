import { z } from "zod"
import { readRecords } from "../xapi/read-records.ts"
import type { Xapi } from "../xapi/xapi.ts"

/** The keys of our mark in a VIF's other_config. */
export const nicKey = "slash64:nic"
export const networkKey = "slash64:network"
/** The link-local address that was seen on it and let out. */
export const linkLocalKey = "slash64:link-local"

const vifShape = z.object({
  device: z.string(),
  MAC: z.string(),
  VM: z.string(),
  network: z.string(),
  currently_attached: z.boolean(),
  locking_mode: z.string(),
  ipv4_allowed: z.array(z.string()),
  ipv6_allowed: z.array(z.string()),
  other_config: z.record(z.string(), z.string()),
})

export interface Vif extends z.infer<typeof vifShape> {
  readonly ref: string
  /** Undefined: it does not bear our mark. */
  readonly nicId: string | undefined
  readonly networkId: string | undefined
  readonly linkLocal: string | undefined
}

export async function readVifs(xapi: Xapi, signal: AbortSignal): Promise<readonly Vif[]> {
  const list: Vif[] = []
  for (const vif of await readRecords(xapi, "VIF", vifShape, signal)) {
    const { [nicKey]: nicId, [networkKey]: networkId, [linkLocalKey]: linkLocal } = vif.other_config
    list.push({ ...vif, nicId, networkId, linkLocal })
  }
  return list
}

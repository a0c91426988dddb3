import { Slash64Error, quote } from "@slash64/core"
import { z } from "zod"
import { readRecords } from "../xapi/read-records.ts"
import { type Xapi, nullRef } from "../xapi/xapi.ts"

const pifShape = z.object({
  device: z.string(),
  host: z.string(),
  MTU: z.number(),
  VLAN: z.number(),
  physical: z.boolean(),
  bond_master_of: z.array(z.string()),
  VLAN_master_of: z.string(),
})

export type Pif = z.infer<typeof pifShape> & { readonly ref: string }

export function readPifs(xapi: Xapi, signal: AbortSignal): Promise<readonly Pif[]> {
  return readRecords(xapi, "PIF", pifShape, signal)
}

/** The NIC or bond of this device name, on one of the hosts that have it. NOT_FOUND without it. */
export function requireUplink(pifs: readonly Pif[], device: string, mtu: number): Pif {
  const uplinks = pifs.filter((pif) => pif.device === device && (pif.physical || pif.bond_master_of.length > 0))
  const [first] = uplinks
  if (first === undefined) {
    throw new Slash64Error("NOT_FOUND", `no host of the pool has a NIC or bond ${quote(device)}`, {
      field: "network.attachment.uplink",
      value: quote(device),
      hint: "See `xe pif-list`.",
    })
  }
  const narrow = uplinks.find((pif) => pif.MTU < mtu)
  if (narrow === undefined) return first
  throw smaller(device, narrow.MTU, mtu)
}

/** XAPI takes a larger MTU, to no effect. */
export function smaller(device: string, has: number, wanted: number): Slash64Error {
  return new Slash64Error("FAILED_PRECONDITION", `${device} has an MTU of ${has}, less than ${wanted}`, {
    field: "network.mtu",
    value: String(wanted),
    hint: `Give the network an MTU of ${has} at most, or raise that of ${device}.`,
  })
}

/** The VLANs that stand on these PIFs. */
export function vlansOf(pifs: readonly Pif[], refs: readonly string[]): readonly string[] {
  const own = pifs.filter(({ ref }) => refs.includes(ref))
  return own.map(({ VLAN_master_of }) => VLAN_master_of).filter((vlan) => vlan !== nullRef)
}

import { type Call, Slash64Error } from "@slash64/core"
import { z } from "zod"
import { isNative } from "../errors/translate-xapi.ts"
import { readVifs } from "../nic/read-vifs.ts"
import type { Xapi } from "../xapi/xapi.ts"
import { findNetwork } from "./find-network.ts"
import { markKey } from "./network-mark.ts"
import { readPifs, vlansOf } from "./uplink.ts"

const nothing = z.literal("")

/** Takes the network off the pool: its VLANs first, itself last, so that what is half-gone is found again. */
export async function removeNetwork(xapi: Xapi, networkId: string, { signal }: Call): Promise<void> {
  const network = await findNetwork(xapi, networkId, signal)
  if (network === undefined) return
  const { on, attachment } = network
  const isShared = attachment.kind === "bridge"
  // XAPI itself would take VIFs of halted VMs away with their network.
  const vifs = (await readVifs(xapi, signal)).filter((vif) => vif.network === on.ref)
  const used = vifs.find((vif) => !isShared || vif.networkId === networkId)
  if (used !== undefined) throw inUse(networkId, used.MAC)
  if (isShared) {
    await xapi.change(nothing, signal, "network.remove_from_other_config", on.ref, markKey(networkId))
    return
  }
  const vlans = on.PIFs.length === 0 ? [] : vlansOf(await readPifs(xapi, signal), on.PIFs)
  for (const vlan of vlans) await gone(xapi.change(nothing, signal, "VLAN.destroy", vlan))
  await gone(xapi.change(nothing, signal, "network.destroy", on.ref))
}

/** Whoever was faster has removed it. */
export async function gone(removal: Promise<unknown>): Promise<void> {
  try {
    await removal
  } catch (error) {
    if (!isNative(error, "HANDLE_INVALID")) throw error
  }
}

function inUse(networkId: string, mac: string): Slash64Error {
  return new Slash64Error("FAILED_PRECONDITION", `the network ${networkId} is in use: a VM has the NIC ${mac} on it`, {
    field: "network.id",
    value: networkId,
    hint: "Detach its NICs and remove its router first.",
  })
}

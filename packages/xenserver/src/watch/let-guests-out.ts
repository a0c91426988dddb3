import { type Call, isRetryable, isSlash64Error } from "@slash64/core"
import { readGuestNetworks } from "../nic/guest-addresses.ts"
import { planLinkLocal } from "../nic/link-local.ts"
import { letOut } from "../nic/nic-rules.ts"
import { readVifs } from "../nic/read-vifs.ts"
import type { Xapi } from "../xapi/xapi.ts"

/**
 * Lets the link-local addresses that were seen on our locked NICs of these VMs out of their ports. What XAPI refuses is
 * told, and ends no watch.
 */
export async function letGuestsOut(xapi: Xapi, vms: readonly string[], call: Call): Promise<void> {
  const { signal } = call
  if (vms.length === 0) return
  try {
    const vifs = await readVifs(xapi, signal)
    for (const vm of vms) {
      const locked = vifs.filter((vif) => vif.VM === vm && vif.nicId !== undefined && vif.locking_mode === "locked")
      const networks = locked.length === 0 ? undefined : await readGuestNetworks(xapi, vm, signal)
      for (const vif of locked) {
        const { own } = planLinkLocal(vif, networks, vifs)
        if (own !== undefined) await letOut(xapi, vif, own, signal)
      }
    }
  } catch (error) {
    if (!isSlash64Error(error) || isRetryable(error) || signal.aborted) throw error
    call.report({ step: `leaving the link-local address of a guest behind its locked port: ${error.message}` })
  }
}

import { type Call, type NicRef, type ObservedNic, parseId, parseUuid } from "@slash64/core"
import { readVm } from "../vm/find-vm.ts"
import type { Xapi } from "../xapi/xapi.ts"
import { addressesOf, readGuestNetworks } from "./guest-addresses.ts"
import { readVifs } from "./read-vifs.ts"

/** What the guest's agent tells of the NIC. undefined without one, and for a NIC or VM that is not there. */
export async function observeNic(xapi: Xapi, nic: NicRef, { signal }: Call): Promise<ObservedNic | undefined> {
  parseId("nic.id", nic.id)
  const vm = await readVm(xapi, parseUuid("vmId", nic.vmId), signal)
  if (vm === undefined) return undefined
  const vif = (await readVifs(xapi, signal)).find((one) => one.nicId === nic.id && one.VM === vm.ref)
  const networks = vif && (await readGuestNetworks(xapi, vm.ref, signal))
  if (vif === undefined || networks === undefined) return undefined
  const addresses = addressesOf(networks, vif.device)
  return addresses.length === 0 ? undefined : { source: "guest-agent", addresses }
}

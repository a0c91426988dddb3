import { parseId } from "../address/id.ts"
import type { Nic } from "../network/records.ts"
import { endpointOf } from "./converge-router.ts"
import { findNetwork } from "./find-network.ts"
import { beginStep, repeat } from "./repeat.ts"
import { road } from "./road.ts"

/** Whose lease was released; absent when none was to be. */
export interface ReleasedLease {
  readonly nic?: Nic
}

/**
 * Releases the leases of a NIC whose VM does not run, so that a guest that is installed anew, with another DUID or IAID,
 * is given the NIC's address at once. Nothing is done for a NIC that is not attached, one whose VM runs, or where no
 * router runs. Repeated: success.
 */
export const releaseLease = road("release-lease", async (nicId: string, rooms, call): Promise<ReleasedLease> => {
  const nic = await rooms.store.findNic(parseId("id", nicId))
  if (nic === undefined || nic.state !== "attached") return {}
  const router = await rooms.store.findRouter(nic.networkId)
  if (router?.state !== "running") return {}
  beginStep(call, "looking for the VM")
  const host = await repeat(rooms, call, () => rooms.hosts.open(nic.host, call))
  const vm = await repeat(rooms, call, () => host.findVm(nic.vmId, call))
  if (vm?.running === true) return {}
  const network = await findNetwork(nic.networkId, rooms)
  beginStep(call, "releasing the lease")
  await repeat(rooms, call, () => rooms.routers.releaseLeases(endpointOf(router, network, rooms), nic.mac, call))
  return { nic }
})

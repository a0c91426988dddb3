import { parseId } from "../address/id.ts"
import { Slash64Error, isSlash64Error } from "../errors.ts"
import type { Nic } from "../network/records.ts"
import type { Call } from "../plugin/call.ts"
import { converge, endpointOf } from "./converge-router.ts"
import { nicFact } from "./facts.ts"
import { findNetwork } from "./find-network.ts"
import { beginStep, repeat } from "./repeat.ts"
import { road } from "./road.ts"
import type { RoadRooms } from "./road.ts"

/** What was detached; `nic` is absent when there was none. */
export interface DetachedNic {
  readonly nic?: Nic
}

/**
 * Takes a NIC from its VM and, last of all, its addresses from the NIC: they rest for the network's quarantine.
 * Repeated, or absent: success. Where the host or the router does not answer the NIC stays `leaving`, nobody else
 * gets its addresses, and the error is UNAVAILABLE: repeat. INVALID_ARGUMENT for what can be no id.
 */
export const detachNic = road("detach-nic", async (nicId: string, rooms, call): Promise<DetachedNic> => {
  const nic = await rooms.store.findNic(parseId("id", nicId))
  if (nic === undefined) return {}

  beginStep(call, "marking the NIC as leaving")
  const leaving = await markLeaving(nic, rooms)
  if (leaving === undefined) return { nic }
  rooms.tell({ kind: "nic-leaving", ...nicFact(leaving) })
  beginStep(call, "unplugging the NIC")
  const host = await repeat(rooms, call, () => rooms.hosts.open(leaving.host, call))
  await repeat(rooms, call, () => host.detachNic({ id: leaving.id, vmId: leaving.vmId }, call))
  await takeFromRouter(leaving, rooms, call)
  beginStep(call, "freeing the addresses")
  await rooms.store.freeNic(leaving.id)
  rooms.tell({ kind: "nic-detached", ...nicFact(leaving) })
  return { nic: leaving }
})

/** Undefined when somebody else has finished meanwhile. */
async function markLeaving(nic: Nic, rooms: RoadRooms): Promise<Nic | undefined> {
  try {
    return await rooms.store.markNic(nic.id, "leaving")
  } catch (error) {
    if (isSlash64Error(error) && error.code === "NOT_FOUND") return undefined
    throw error
  }
}

/** A network whose router is gone has nobody who would serve the address. */
async function takeFromRouter(nic: Nic, rooms: RoadRooms, call: Call): Promise<void> {
  const network = await findNetwork(nic.networkId, rooms)
  const router = await rooms.store.findRouter(network.id)
  if (router?.state !== "running") return
  try {
    await converge(network, rooms, call)
    beginStep(call, "releasing the lease")
    await repeat(rooms, call, () => rooms.routers.releaseLeases(endpointOf(router, network, rooms), nic.mac, call))
  } catch (error) {
    throw explain(error, nic, network.name)
  }
}

function explain(error: unknown, nic: Nic, network: string): unknown {
  if (!isSlash64Error(error) || error.code !== "UNAVAILABLE") return error
  return new Slash64Error("UNAVAILABLE", `NIC ${nic.id} is unplugged, and its address is kept: ${error.message}`, {
    hint: `Repeat when the router answers; if it never will: slash64 router remove ${network} --force, then repeat.`,
    ...(error.outcome === undefined ? {} : { outcome: error.outcome }),
    ...(error.native === undefined ? {} : { native: error.native }),
    cause: error,
  })
}

import { parseId } from "../address/id.ts"
import type { Nic } from "../network/records.ts"
import { converge } from "./converge-router.ts"
import { nicFact } from "./facts.ts"
import { findNetwork } from "./find-network.ts"
import { beginStep } from "./repeat.ts"
import { road } from "./road.ts"

export interface ChangedDefaultNic {
  readonly nic: Nic
  /** The networks whose routers know of it now: those that the VM has a NIC on, and that have a router that runs. */
  readonly converged: readonly string[]
}

/**
 * Makes a NIC the one that its VM takes its default route and DNS from. The routers of all networks of the VM are
 * brought to it, so a repeat heals what a crash left between two of them; the guest follows when it renews its leases,
 * and its set-up has to be made anew ({@link guestConfig}). NOT_FOUND when there is no such NIC, FAILED_PRECONDITION
 * when it is being detached, UNAVAILABLE when a router does not answer: the change is made all the same, repeat.
 */
export const changeDefaultNic = road(
  "change-default-nic",
  async (nicId: string, rooms, call): Promise<ChangedDefaultNic> => {
    beginStep(call, "recording the change")
    const nic = await rooms.store.makeDefaultNic(parseId("id", nicId))
    rooms.tell({ kind: "nic-default", ...nicFact(nic) })
    const ofVm = await rooms.store.listNics({ vmId: nic.vmId })
    const converged: string[] = []
    for (const networkId of new Set(ofVm.map((one) => one.networkId))) {
      const router = await rooms.store.findRouter(networkId)
      if (router?.state !== "running") continue
      await converge(await findNetwork(networkId, rooms), rooms, call)
      converged.push(networkId)
    }
    return { nic, converged }
  },
)

import type { NetworkChange } from "../network/plan-network-change.ts"
import type { PushResult } from "../router/router-control.ts"
import type { ChangedNetwork } from "../store/store.ts"
import { converge } from "./converge-router.ts"
import { findNetwork } from "./find-network.ts"
import { beginStep } from "./repeat.ts"
import { parseChangeNetwork } from "./road-requests.ts"
import { road } from "./road.ts"

export interface ChangeNetworkRequest extends NetworkChange {
  /** Id or name of the network. */
  readonly network: string
}

export interface NetworkChangeOutcome extends ChangedNetwork {
  /** Absent where no router runs. */
  readonly push?: PushResult
}

/**
 * Changes a network while it is in use: ranges are added, addresses excluded or no more, the quarantine is another.
 * No NIC loses its address. Then its router, where one runs, is brought to the new revision; when that does not
 * answer (UNAVAILABLE) the change is made all the same. Repeated: nothing more is changed.
 */
export const changeNetwork = road(
  "change-network",
  async (request: ChangeNetworkRequest, rooms, call): Promise<NetworkChangeOutcome> => {
    const { network: idOrName, change } = parseChangeNetwork(request)
    const { id } = await findNetwork(idOrName, rooms)
    beginStep(call, "recording the change")
    const changed = await rooms.store.changeNetwork(id, change)
    rooms.tell({ kind: "network-changed", networkId: id, name: changed.network.name })
    const router = await rooms.store.findRouter(id)
    if (router?.state !== "running") return changed
    return { ...changed, push: await converge(changed.network, rooms, call) }
  },
)

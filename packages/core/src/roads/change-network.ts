import { addsFamily } from "../network/add-family.ts"
import type { NetworkChange } from "../network/plan-network-change.ts"
import type { PushResult } from "../router/router-control.ts"
import type { ChangedNetwork } from "../store/store.ts"
import { converge } from "./converge-router.ts"
import { findNetwork } from "./find-network.ts"
import type { PlanProblem } from "./plan-step.ts"
import { renewPorts } from "./renew-ports.ts"
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
  /** Ports with port security that do not let a new address through yet: {@link apply}, or a repeat, does it. */
  readonly problems: readonly PlanProblem[]
}

/**
 * Changes a network while it is in use: ranges are added, addresses excluded or no more, the quarantine is another, or
 * the network is given the family that it had not, IPv6 or IPv4, and each NIC an address of it. No NIC loses its
 * address, so no family is ever taken away. Ports with port security let the new addresses through before the router,
 * where one runs, is brought to the new revision; when that does not answer (UNAVAILABLE) the change is made all the
 * same. A guest has the new address when it next asks. Repeated: nothing more is changed. RESOURCE_EXHAUSTED, and
 * nothing changed, where there are not addresses for all NICs; ALREADY_EXISTS where the network has the family
 * otherwise, or another network or pool has the prefix.
 */
export const changeNetwork = road(
  "change-network",
  async (request: ChangeNetworkRequest, rooms, call): Promise<NetworkChangeOutcome> => {
    const { network: idOrName, change } = parseChangeNetwork(request)
    const { id } = await findNetwork(idOrName, rooms)
    beginStep(call, "recording the change")
    const changed = await rooms.store.changeNetwork(id, change)
    const { network } = changed
    rooms.tell({ kind: "network-changed", networkId: id, name: network.name })
    const problems = addsFamily(change) && network.portSecurity ? await renewPorts(network, rooms, call) : []
    const router = await rooms.store.findRouter(id)
    if (router?.state !== "running") return { ...changed, problems }
    return { ...changed, push: await converge(network, rooms, call), problems }
  },
)

import { readHostStatus, readNetworkStatus, readNicStatus } from "@slash64/core"
import type { Call, HostRecord, HostStatus, NetworkStatus, Nic, NicStatus, Rooms, SharedNetwork } from "@slash64/core"

/** What a page shows, as it was seen at one time. */
export interface Sight {
  readonly at: Date
  readonly hosts: readonly HostStatus[]
  readonly networks: readonly NetworkStatus[]
  readonly nics: readonly NicStatus[]
}

export interface Shown {
  readonly hosts: readonly HostRecord[]
  readonly networks: readonly SharedNetwork[]
  readonly nics: readonly Nic[]
}

/** Asks hosts, routers and guests at once; who does not answer is a problem in what is seen. */
export async function see(shown: Shown, rooms: Rooms, call: Call): Promise<Sight> {
  const at = new Date()
  const [hosts, networks, nics] = await Promise.all([
    Promise.all(shown.hosts.map((host) => readHostStatus(host, rooms, call))),
    Promise.all(shown.networks.map((network) => readNetworkStatus(network, rooms, call))),
    readNicStatus(shown.nics, rooms, call),
  ])
  return { at, hosts, networks, nics }
}

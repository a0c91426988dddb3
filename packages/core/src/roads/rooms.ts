import { ConvergeLeases } from "./converge-leases.ts"
import { ConvergeQueue } from "./converge-queue.ts"
import { EventFeed } from "../events/event-feed.ts"
import { silentLog, withoutSecrets } from "../log/road-log.ts"
import type { RoadLog } from "../log/road-log.ts"
import type { Hosts } from "../plugin/hosts.ts"
import type { PushResult, RouterControl } from "../router/router-control.ts"
import type { Store } from "../store/store.ts"

/** Where the roads lead through. {@link openRooms} makes it. */
export interface Rooms {
  readonly store: Store
  readonly hosts: Hosts
  readonly routers: RouterControl
  /** Takes secrets out of whatever it is given. */
  readonly log: RoadLog
  /** What the roads of these rooms do, to subscribe to; those of another process are not among it. */
  readonly events: EventFeed
  readonly patience: Patience
  readonly converging: ConvergeQueue<PushResult>
  /** Keep other processes on the same store from converging a router at the same time. */
  readonly leases: ConvergeLeases
}

/** How long the roads try by themselves before they tell the caller. */
export interface Patience {
  /** Repeats of one step after its first try. */
  readonly repeats: number
  /** Pause before the first repeat; it doubles, up to 2 s. */
  readonly pauseMs: number
  /** How long a router may take from its start to its first answer. */
  readonly bootMs: number
  /** How long a router that is to be removed is given to say so to its link. */
  readonly withdrawMs: number
  /** How long a process that converges a router keeps the others out when it dies, 3 or more. */
  readonly leaseMs: number
}

/** dnsmasq 2.90 advertises within 5 s of its start (radv.c, ra_start_unsolicited). */
export const defaultPatience: Patience = {
  repeats: 4,
  pauseMs: 100,
  bootMs: 180_000,
  withdrawMs: 6000,
  leaseMs: 10_000,
}

export interface RoomParts {
  readonly store: Store
  readonly hosts: Hosts
  readonly routers: RouterControl
  /** A pino logger, say. Absent: silent. */
  readonly log?: RoadLog
  readonly patience?: Partial<Patience>
}

/** One for each process and store: the roads of one `Rooms` share the queues to the routers. */
export function openRooms({ store, hosts, routers, log: given = silentLog, patience: asked = {} }: RoomParts): Rooms {
  const log = withoutSecrets(given)
  const patience = { ...defaultPatience, ...asked }
  return {
    store,
    hosts,
    routers,
    log,
    events: new EventFeed((error) => log.warn({ error }, "a subscriber to events failed")),
    patience,
    converging: new ConvergeQueue(),
    leases: new ConvergeLeases({ store, log, leaseMs: patience.leaseMs }),
  }
}

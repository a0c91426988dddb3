import { ConvergeQueue } from "./converge-queue.ts"
import type { Hosts } from "../plugin/hosts.ts"
import type { PushResult, RouterControl } from "../router/router-control.ts"
import type { Store } from "../store/store.ts"

/** Where the roads lead through. {@link openRooms} makes it. */
export interface Rooms {
  readonly store: Store
  readonly hosts: Hosts
  readonly routers: RouterControl
  readonly log: RoadLog
  readonly patience: Patience
  readonly converging: ConvergeQueue<PushResult>
}

/** pino's shape: what happened in words, the rest as fields. */
export interface RoadLog {
  info(details: object, message: string): void
  warn(details: object, message: string): void
}

/** How long the roads try by themselves before they tell the caller. */
export interface Patience {
  /** Repeats of one step after its first try. */
  readonly repeats: number
  /** Pause before the first repeat; it doubles, up to 2 s. */
  readonly pauseMs: number
  /** How long a router may take from its start to its first answer. */
  readonly bootMs: number
}

export const defaultPatience: Patience = { repeats: 4, pauseMs: 100, bootMs: 180_000 }

const silent: RoadLog = { info: () => {}, warn: () => {} }

export interface RoomParts {
  readonly store: Store
  readonly hosts: Hosts
  readonly routers: RouterControl
  /** Absent: silent. */
  readonly log?: RoadLog
  readonly patience?: Partial<Patience>
}

/** One for each process and store: the roads of one `Rooms` share the queues to the routers. */
export function openRooms({ store, hosts, routers, log = silent, patience = {} }: RoomParts): Rooms {
  return {
    store,
    hosts,
    routers,
    log,
    patience: { ...defaultPatience, ...patience },
    converging: new ConvergeQueue(),
  }
}

import type { DiskStore } from "./lower/disk-store.ts"
import type { LowerHalf } from "./lower/lower-half.ts"
import type { Database } from "./model/database.ts"
import type { Ref } from "./model/types.ts"
import type { OneAtATime } from "./one-at-a-time.ts"
import type { Sessions } from "./sessions.ts"
import type { Tasks } from "./tasks.ts"

/** All that a call of the wire works on. */
export interface World {
  readonly db: Database
  readonly sessions: Sessions
  readonly tasks: Tasks
  readonly disks: DiskStore
  /** What touches one object's lower half waits for its turn. */
  readonly turns: OneAtATime
  readonly pool: Ref
  /** The host that answers; another one after a fault. */
  readonly master: Ref
  /** What each host of the pool stands on. */
  below(host: Ref): LowerHalf
  /** Fires when the toolstack ends. */
  readonly closed: AbortSignal
  /** The number of the next domain; its ports are named by it. */
  nextDomid(): number
}

import { z } from "zod"
import { Slash64Error, quote } from "../errors.ts"
import { documented } from "../network/documented.ts"
import { parseShape } from "../network/parse-shape.ts"
import { parsePoolPrefix, planPool, planPrefixClaim } from "../network/plan-pool.ts"
import type { PoolPrefix, PrefixPool } from "../network/records.ts"
import { beginStep } from "./repeat.ts"
import { road } from "./road.ts"
import type { Rooms } from "./rooms.ts"

/** What was removed; `pool` is absent when there was none. */
export interface RemovedPool {
  readonly pool?: PrefixPool
}

export interface ResizePoolRequest {
  /** Id or name of the pool. */
  readonly pool: string
  /** A /29 to /63 that holds the pool's prefix or lies in it. */
  readonly prefix: string
}

export interface ReleasePrefixRequest {
  /** Id or name of the pool. */
  readonly pool: string
  readonly holder: string
}

/** What {@link resizePool} is asked. */
export const resizePoolShape = z.strictObject({
  pool: z.string(),
  prefix: documented("A /29 to /63 that holds the pool's prefix or lies in it", { type: "string" }),
})
const releaseShape = z.strictObject({ pool: z.string(), holder: z.string() })

/**
 * Makes a pool of /64s: `name` and `prefix`, a /29 to /63; if you like `id`, `policy` and `quarantineSeconds`.
 * Repeated: the same pool. Another content, or a prefix in which a network or another pool lies: ALREADY_EXISTS.
 */
export const createPool = road("create-pool", async (request: unknown, rooms, call): Promise<PrefixPool> => {
  const planned = planPool(request)
  beginStep(call, "recording the pool")
  const pool = await rooms.store.createPool(planned)
  rooms.tell({ kind: "pool-created", ...factOf(pool) })
  return pool
})

/**
 * Gives a pool a shorter or longer prefix around what it has. FAILED_PRECONDITION where a /64 that is held would be
 * cut off, ALREADY_EXISTS where another pool or a network is in the way. Repeated: success.
 */
export const resizePool = road("resize-pool", async (request: ResizePoolRequest, rooms, call): Promise<PrefixPool> => {
  const asked = parseShape("", resizePoolShape, request)
  const prefix = parsePoolPrefix("prefix", asked.prefix)
  const { id } = await findPool(asked.pool, rooms)
  beginStep(call, "recording the pool")
  const pool = await rooms.store.resizePool(id, prefix)
  rooms.tell({ kind: "pool-resized", ...factOf(pool) })
  return pool
})

/** FAILED_PRECONDITION while a /64 of it is held. Repeated, or absent: success. */
export const removePool = road("remove-pool", async (idOrName: string, rooms, call): Promise<RemovedPool> => {
  const pool = await rooms.store.findPool(idOrName)
  if (pool === undefined) return {}
  beginStep(call, "forgetting the pool")
  await rooms.store.removePool(pool.id)
  rooms.tell({ kind: "pool-removed", ...factOf(pool) })
  return { pool }
})

/**
 * Takes a /64 from a `pool` for a `holder` that is no network of ours: an id of the caller's own. `prefix` asks for
 * this one. Repeated: the same /64. RESOURCE_EXHAUSTED when none is left.
 */
export const claimPrefix = road("claim-prefix", async (request: unknown, rooms, call): Promise<PoolPrefix> => {
  const { pool, ...claim } = planPrefixClaim(request)
  const { id } = await findPool(pool, rooms)
  beginStep(call, "claiming a /64")
  const claimed = await rooms.store.claimPrefix({ poolId: id, ...claim })
  rooms.tell({ kind: "prefix-claimed", poolId: id, holder: claim.holder, prefix: claimed.prefix })
  return claimed
})

/** Gives a claimed /64 back; it rests for the pool's quarantine. Repeated, or absent: success. */
export const releasePrefix = road(
  "release-prefix",
  async (request: ReleasePrefixRequest, rooms, call): Promise<void> => {
    const { pool, holder } = parseShape("", releaseShape, request)
    const found = await rooms.store.findPool(pool)
    if (found === undefined) return
    beginStep(call, "releasing the /64")
    await rooms.store.releasePrefix(found.id, holder)
    rooms.tell({ kind: "prefix-released", poolId: found.id, holder })
  },
)

/** NOT_FOUND when no pool has this id or name. */
async function findPool(idOrName: string, rooms: Rooms): Promise<PrefixPool> {
  const pool = await rooms.store.findPool(idOrName)
  if (pool !== undefined) return pool
  throw new Slash64Error("NOT_FOUND", `pool ${quote(idOrName)} does not exist`, {
    field: "pool",
    value: quote(idOrName),
    hint: "List them with `slash64 pool list`, or create it with `slash64 pool create`.",
  })
}

function factOf({ id, name, prefix }: PrefixPool): {
  readonly poolId: string
  readonly name: string
  readonly prefix: string
} {
  return { poolId: id, name, prefix }
}

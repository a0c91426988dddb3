import {
  Slash64Error,
  claimPrefix,
  createPool,
  parsePrefix64,
  quote,
  releasePrefix,
  removePool,
  resizePool,
} from "@slash64/core"
import type { PrefixPool } from "@slash64/core"
import { poolShape, prefixClaimShape, resizePoolShape } from "@slash64/core/request-shapes"
import { z } from "zod"
import { underId } from "./own-id.ts"
import { pageOf, pageQuery, pageShape, readPage } from "./page.ts"
import { countsAsText, poolPrefix, poolRecord, prefixCounts } from "./records.ts"
import { param } from "./route.ts"
import type { Api, Route, RouteRequest } from "./route.ts"

const tag = "pools"
const path = "/v1/pools/{pool}"
const claimPath = `${path}/claims/{holder}`

export const poolRoutes: readonly Route[] = [
  {
    method: "get",
    path: "/v1/pools",
    operationId: "listPools",
    tag,
    summary: "The pools, in the order of their names",
    query: pageQuery,
    answer: pageShape("pools", poolRecord),
    handle: async ({ query }, { rooms }) =>
      readPage(
        "pools",
        query,
        pageOf(await rooms.store.listPools(), ({ name }) => name),
        ({ name }) => name,
      ),
  },
  {
    method: "get",
    path,
    operationId: "getPool",
    tag,
    summary: "A pool, by id or name",
    answer: poolRecord,
    handle: findPool,
  },
  {
    method: "put",
    path,
    operationId: "putPool",
    tag,
    summary: "Make a pool; the same again is the same answer, the same id with other content a conflict",
    body: poolShape.meta({ required: ["prefix"] }),
    answer: poolRecord,
    async handle(request, { rooms }) {
      const id = param(request, "pool")
      return createPool({ name: id, ...underId("id", id, request.body) }, rooms, request.call)
    },
  },
  {
    method: "patch",
    path,
    operationId: "resizePool",
    tag,
    summary: "Give a pool a shorter or longer prefix around what it has; nothing that is held is cut off",
    body: resizePoolShape.omit({ pool: true }).meta({ required: ["prefix"] }),
    answer: poolRecord,
    handle: (request, { rooms }) =>
      resizePool({ prefix: "", ...request.body, pool: param(request, "pool") }, rooms, request.call),
  },
  {
    method: "delete",
    path,
    operationId: "removePool",
    tag,
    summary: "Remove a pool of which nothing is held; absent: success",
    answer: z.strictObject({ pool: poolRecord.optional() }),
    handle: (request, { rooms }) => removePool(param(request, "pool"), rooms, request.call),
  },
  {
    method: "get",
    path: `${path}/counts`,
    operationId: "countPrefixes",
    tag,
    summary: "How many /64s there are, are held, at rest and free",
    answer: prefixCounts,
    async handle(request, api) {
      return countsAsText(await api.rooms.store.countPrefixes((await findPool(request, api)).id))
    },
  },
  {
    method: "get",
    path: `${path}/prefixes`,
    operationId: "listPrefixes",
    tag,
    summary: "The /64s that are held, and by whom, in rising order",
    query: pageQuery,
    answer: pageShape("prefixes", poolPrefix),
    async handle(request, api) {
      const { id } = await findPool(request, api)
      return readPage(
        "prefixes",
        request.query,
        ({ after, ...page }) =>
          api.rooms.store.listPrefixes(id, {
            ...page,
            ...(after !== undefined && { after: parsePrefix64("after", after) }),
          }),
        ({ prefix }) => prefix,
      )
    },
  },
  {
    method: "put",
    path: claimPath,
    operationId: "claimPrefix",
    tag,
    summary: "Take a /64 for something else than a network, under an id of the caller's own; again: the same /64",
    body: prefixClaimShape.pick({ prefix: true }),
    answer: poolPrefix,
    handle: (request, { rooms }) =>
      claimPrefix(
        { ...request.body, pool: param(request, "pool"), holder: param(request, "holder") },
        rooms,
        request.call,
      ),
  },
  {
    method: "delete",
    path: claimPath,
    operationId: "releasePrefix",
    tag,
    summary: "Give a claimed /64 back, to rest for the pool's quarantine; absent: success",
    answer: z.strictObject({}),
    async handle(request, { rooms }) {
      await releasePrefix({ pool: param(request, "pool"), holder: param(request, "holder") }, rooms, request.call)
      return {}
    },
  },
]

async function findPool(request: RouteRequest, { rooms }: Api): Promise<PrefixPool> {
  const idOrName = param(request, "pool")
  const pool = await rooms.store.findPool(idOrName)
  if (pool !== undefined) return pool
  throw new Slash64Error("NOT_FOUND", `pool ${quote(idOrName)} does not exist`, {
    field: "pool",
    value: quote(idOrName),
    hint: "List them with GET /v1/pools, or make it with PUT.",
  })
}

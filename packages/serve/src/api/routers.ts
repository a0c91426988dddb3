import {
  Slash64Error,
  convergeRouter,
  invalid,
  moveRouter,
  readRouterStatus,
  removeRouter,
  startRouter,
  upgradeRouter,
} from "@slash64/core"
import type { MoveRouterRequest, StartRouterRequest, UpgradeRouterRequest } from "@slash64/core"
import { documented, moveRouterShape, startRouterShape, upgradeRouterShape } from "@slash64/core/request-shapes"
import { z } from "zod"
import { findNetwork } from "./networks.ts"
import { pageOf, pageQuery, pageShape, readPage } from "./page.ts"
import { pushResult, routerRecord, routerStatus } from "./records.ts"
import { forRoad, param } from "./route.ts"
import type { Route } from "./route.ts"

const tag = "routers"
const path = "/v1/networks/{network}/router"
const startShape = startRouterShape.omit({ network: true })

const gapMs = z.int().meta({ description: "How long nobody answered the guests; absent: no VM was stopped" }).optional()
const broughtUp = z.strictObject({ router: routerRecord, push: pushResult, status: routerStatus, gapMs })
const replaced = broughtUp.extend({ replaced: z.boolean().meta({ description: "The VM is another than before" }) })

export const routerRoutes: readonly Route[] = [
  {
    method: "get",
    path: "/v1/routers",
    operationId: "listRouters",
    tag,
    summary: "The routers of all networks, in the order of their ids",
    query: pageQuery,
    answer: pageShape("routers", routerRecord),
    handle: async ({ query }, { rooms }) =>
      readPage(
        "routers",
        query,
        pageOf(await rooms.store.listRouters(), ({ id }) => id),
        ({ id }) => id,
      ),
  },
  {
    method: "get",
    path,
    operationId: "getRouter",
    tag,
    summary: "The record of a network's router",
    answer: routerRecord,
    async handle(request, api) {
      const network = await findNetwork(request, api)
      const router = await api.rooms.store.findRouter(network.id)
      if (router !== undefined) return router
      throw new Slash64Error("NOT_FOUND", `network ${network.name} has no router`, {
        field: "network",
        value: network.name,
        hint: "Start it with PUT.",
      })
    },
  },
  {
    method: "put",
    path,
    operationId: "startRouter",
    tag,
    summary: "The router VM runs and serves what the store holds; the same again is the same answer",
    body: startShape,
    answer: broughtUp,
    long: true,
    check: findNetwork,
    handle: (request, { rooms }) => {
      const asked = { ...request.body, network: param(request, "network") }
      return startRouter(forRoad<StartRouterRequest>(asked), rooms, request.call)
    },
  },
  {
    method: "post",
    path: `${path}/upgrade`,
    operationId: "upgradeRouter",
    tag,
    summary: "Replace the router VM by one from another template, with the same identity and leases",
    body: upgradeRouterShape.omit({ network: true }),
    answer: replaced,
    long: true,
    check: findNetwork,
    handle: (request, { rooms }) => {
      const asked = { ...request.body, network: param(request, "network") }
      return upgradeRouter(forRoad<UpgradeRouterRequest>(asked), rooms, request.call)
    },
  },
  {
    method: "post",
    path: `${path}/move`,
    operationId: "moveRouter",
    tag,
    summary: "Take the router to another host, with the same identity and leases",
    body: moveRouterShape.omit({ network: true }),
    answer: replaced,
    long: true,
    check: findNetwork,
    handle: (request, { rooms }) => {
      const asked = { ...request.body, network: param(request, "network") }
      return moveRouter(forRoad<MoveRouterRequest>(asked), rooms, request.call)
    },
  },
  {
    method: "delete",
    path,
    operationId: "removeRouter",
    tag,
    summary: "Remove the router VM with its disks; absent: success",
    query: z.strictObject({
      force: documented("Also while NICs stand on the network", { type: "boolean", default: false }),
    }),
    answer: z.strictObject({ router: routerRecord.optional() }),
    long: true,
    check: async (request, api) => [parseForce(request.query["force"]), await findNetwork(request, api)],
    handle: (request, { rooms }) => {
      const force = parseForce(request.query["force"])
      return removeRouter({ network: param(request, "network"), force }, rooms, request.call)
    },
  },
  {
    method: "get",
    path: `${path}/status`,
    operationId: "getRouterStatus",
    tag,
    summary: "What the router says of itself now: version, services, leases, files that somebody changed on it",
    answer: routerStatus,
    handle: (request, { rooms }) => readRouterStatus(param(request, "network"), rooms, request.call),
  },
  {
    method: "post",
    path: `${path}/converge`,
    operationId: "convergeRouter",
    tag,
    summary: "Bring the router to what the store holds; only what differs is sent",
    answer: pushResult,
    long: true,
    check: findNetwork,
    handle: (request, { rooms }) => convergeRouter(param(request, "network"), rooms, request.call),
  },
]

function parseForce(text = "false"): boolean {
  if (text === "true" || text === "false") return text === "true"
  throw invalid("force", text, "is neither true nor false", "Give one of them, or leave it out.")
}

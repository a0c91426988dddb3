import { Slash64Error, changeNetwork, checkNetworkChange, createNetwork, quote, removeNetwork } from "@slash64/core"
import type { SharedNetwork } from "@slash64/core"
import { networkChangeShape, networkShape } from "@slash64/core/request-shapes"
import { z } from "zod"
import { underId } from "./own-id.ts"
import { pageQuery, pageShape, readPage } from "./page.ts"
import { countsAsText, networkCounts, networkRecord, nicRecord, planProblem, pushResult } from "./records.ts"
import { param } from "./route.ts"
import type { Api, Route, RouteRequest } from "./route.ts"

const tag = "networks"

export const networkRoutes: readonly Route[] = [
  {
    method: "get",
    path: "/v1/networks",
    operationId: "listNetworks",
    tag,
    summary: "The networks, in the order of their names",
    query: pageQuery,
    answer: pageShape("networks", networkRecord),
    handle: ({ query }, { rooms }) =>
      readPage(
        "networks",
        query,
        (page) => rooms.store.listNetworks(page),
        ({ name }) => name,
      ),
  },
  {
    method: "get",
    path: "/v1/networks/{network}",
    operationId: "getNetwork",
    tag,
    summary: "A network, by id or name",
    answer: networkRecord,
    handle: findNetwork,
  },
  {
    method: "put",
    path: "/v1/networks/{network}",
    operationId: "putNetwork",
    tag,
    summary: "Make a network; the same again is the same answer, the same id with other content a conflict",
    body: networkShape.meta({ required: ["attachment"] }),
    answer: networkRecord,
    async handle(request, { rooms }) {
      const id = param(request, "network")
      return createNetwork({ name: id, ...underId("id", id, request.body) }, rooms, request.call)
    },
  },
  {
    method: "patch",
    path: "/v1/networks/{network}",
    operationId: "changeNetwork",
    tag,
    summary: "Change a network in use, or add IPv6 or IPv4 to it, and tell its router; no NIC loses its address",
    body: networkChangeShape,
    answer: z.strictObject({
      network: networkRecord,
      keeping: z.array(nicRecord).meta({ description: "NICs that keep an address which is excluded, the first 100" }),
      push: pushResult.meta({ description: "Absent where no router runs" }).optional(),
      problems: z.array(planProblem).meta({ description: "Ports that do not let a new address through yet" }),
    }),
    long: true,
    check: async (request, api) => checkNetworkChange(await findNetwork(request, api), request.body),
    handle: (request, { rooms }) =>
      changeNetwork({ ...request.body, network: param(request, "network") }, rooms, request.call),
  },
  {
    method: "delete",
    path: "/v1/networks/{network}",
    operationId: "removeNetwork",
    tag,
    summary: "Remove a network, with its router, from every host it was on; absent: success",
    answer: z.strictObject({ network: networkRecord.optional() }),
    long: true,
    handle: (request, { rooms }) => removeNetwork(param(request, "network"), rooms, request.call),
  },
  {
    method: "get",
    path: "/v1/networks/{network}/counts",
    operationId: "countAddresses",
    tag,
    summary: "How many addresses there are, are held, at rest and free",
    answer: networkCounts,
    async handle(request, api) {
      const { ipv6, ipv4 } = await api.rooms.store.countAddresses((await findNetwork(request, api)).id)
      return { ...(ipv6 && { ipv6: countsAsText(ipv6) }), ...(ipv4 && { ipv4: countsAsText(ipv4) }) }
    },
  },
]

/** NOT_FOUND when no network has the id or name that the path names. */
export async function findNetwork(request: RouteRequest, { rooms }: Api): Promise<SharedNetwork> {
  const idOrName = param(request, "network")
  const network = await rooms.store.findNetwork(idOrName)
  if (network !== undefined) return network
  throw new Slash64Error("NOT_FOUND", `network ${quote(idOrName)} does not exist`, {
    field: "network",
    value: quote(idOrName),
    hint: "List them with GET /v1/networks, or make it with PUT.",
  })
}

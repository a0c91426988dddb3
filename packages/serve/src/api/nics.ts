import {
  Slash64Error,
  attachNic,
  changeDefaultNic,
  detachNic,
  guestClients,
  guestConfig,
  parseId,
  parseUuid,
  planNic,
  quote,
  readNicStatus,
} from "@slash64/core"
import type { AttachNicRequest, Nic } from "@slash64/core"
import { documented, nicShape } from "@slash64/core/request-shapes"
import { z } from "zod"
import { findNetwork } from "./networks.ts"
import { underId } from "./own-id.ts"
import { pageQuery, pageShape, readPage } from "./page.ts"
import { guestConfiguration, nicRecord, nicStatus, portRecord, pushResult } from "./records.ts"
import { forRoad, param } from "./route.ts"
import type { Api, Route, RouteRequest } from "./route.ts"

const tag = "nics"
const path = "/v1/nics/{nic}"

export const nicRoutes: readonly Route[] = [
  {
    method: "get",
    path: "/v1/nics",
    operationId: "listNics",
    tag,
    summary: "The NICs, of one network or VM or all, in the order of their ids",
    query: pageQuery.extend({
      network: documented("Of this network only, by id or name", { type: "string" }),
      vm: documented("Of this VM only", { type: "string", format: "uuid" }),
    }),
    answer: pageShape("nics", nicRecord),
    async handle(request, api) {
      const { network, vm } = request.query
      const filter = {
        ...(network !== undefined && { networkId: (await findNetwork({ ...request, params: { network } }, api)).id }),
        ...(vm !== undefined && { vmId: parseUuid("vm", vm) }),
      }
      return readPage(
        "nics",
        request.query,
        (page) => api.rooms.store.listNics({ ...filter, ...page }),
        ({ id }) => id,
      )
    },
  },
  {
    method: "get",
    path,
    operationId: "getNic",
    tag,
    summary: "The record of a NIC, with the addresses that are its own",
    answer: nicRecord,
    handle: findNic,
  },
  {
    method: "put",
    path,
    operationId: "attachNic",
    tag,
    summary: "Give a VM a NIC, live if it runs; the same again is the same answer",
    body: nicShape
      .omit({ networkId: true })
      .extend({ network: z.string().meta({ description: "Id or name of the network" }) })
      .meta({ required: ["network", "host", "vmId"] }),
    answer: z.strictObject({
      nic: nicRecord,
      port: portRecord,
      served: z.boolean().meta({ description: "False: the router did not answer; it is told when it is back" }),
      push: pushResult.optional(),
    }),
    long: true,
    async check(request, api) {
      const { network: idOrName, ...nic } = toAttach(request)
      return planNic(nic, await findNetwork({ ...request, params: { network: idOrName } }, api))
    },
    handle: (request, { rooms }) => attachNic(toAttach(request), rooms, request.call),
  },
  {
    method: "delete",
    path,
    operationId: "detachNic",
    tag,
    summary: "Take a NIC from its VM, and its addresses from it; absent: success",
    answer: z.strictObject({ nic: nicRecord.optional() }),
    long: true,
    check: async (request) => parseId("nic", param(request, "nic")),
    handle: (request, { rooms }) => detachNic(param(request, "nic"), rooms, request.call),
  },
  {
    method: "get",
    path: `${path}/observed`,
    operationId: "observeNic",
    tag,
    summary: "What host, router and guest show of a NIC now, beside its record, and why they differ",
    answer: nicStatus,
    async handle(request, api) {
      const nic = await findNic(request, api)
      const [status = { nic, problems: [] }] = await readNicStatus([nic], api.rooms, request.call)
      return status
    },
  },
  {
    method: "post",
    path: `${path}/default`,
    operationId: "makeDefaultNic",
    tag,
    summary: "Make a NIC the one that its VM takes its default route and DNS from, in the place of another",
    answer: z.strictObject({
      nic: nicRecord,
      converged: z.array(z.string()).meta({ description: "The networks whose routers know of it now" }),
    }),
    long: true,
    check: findNic,
    handle: (request, { rooms }) => changeDefaultNic(param(request, "nic"), rooms, request.call),
  },
  {
    method: "get",
    path: `${path}/guest-config`,
    operationId: "getGuestConfig",
    tag,
    summary: "How a guest is set up for a NIC, in the words of its DHCP client; mostly it needs nothing",
    query: z.strictObject({
      client: z.string().meta({
        description: "The guest's DHCP client",
        enum: guestClients.map(({ client }) => client),
      }),
      device: documented("The guest's own name of the NIC", { type: "string", default: "eth0" }),
    }),
    answer: guestConfiguration,
    async handle(request, api) {
      const nic = await findNic(request, api)
      const network = await findNetwork({ ...request, params: { network: nic.networkId } }, api)
      const { client = "", device } = request.query
      return guestConfig({ client, device, nic, network })
    },
  },
]

async function findNic(request: RouteRequest, { rooms }: Api): Promise<Nic> {
  const id = parseId("nic", param(request, "nic"))
  const nic = await rooms.store.findNic(id)
  if (nic !== undefined) return nic
  throw new Slash64Error("NOT_FOUND", `NIC ${quote(id)} does not exist`, {
    field: "nic",
    value: quote(id),
    hint: "List them with GET /v1/nics, or attach it with PUT.",
  })
}

function toAttach(request: RouteRequest): AttachNicRequest {
  return forRoad(underId("id", param(request, "nic"), request.body))
}

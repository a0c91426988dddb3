import { Slash64Error, checkReferences, parseHostConfig, parseId, parseShape, quote } from "@slash64/core"
import type { HostRecord } from "@slash64/core"
import { documented } from "@slash64/core/request-shapes"
import { z } from "zod"
import { pageOf, pageQuery, pageShape, readPage } from "./page.ts"
import { hostDescription, hostRecord, vmRecord } from "./records.ts"
import { param } from "./route.ts"
import type { Api, Route, RouteRequest } from "./route.ts"
import { underId } from "./own-id.ts"

const tag = "hosts"
const path = "/v1/hosts/{host}"

const hostShape = z.strictObject({
  name: documented("That of the path", { type: "string" }),
  plugin: z.string().meta({ description: "Name of an installed plugin: kvm" }),
  config: z
    .record(z.string(), z.unknown())
    .meta({ description: "As the plugin has it; secrets as env:NAME or file:PATH" }),
})

export const hostRoutes: readonly Route[] = [
  {
    method: "get",
    path: "/v1/hosts",
    operationId: "listHosts",
    tag,
    summary: "The hosts that were added, in the order of their names",
    query: pageQuery,
    answer: pageShape("hosts", hostRecord),
    handle: async ({ query }, { rooms }) =>
      readPage(
        "hosts",
        query,
        pageOf(await rooms.store.listHosts(), ({ name }) => name),
        ({ name }) => name,
      ),
  },
  {
    method: "get",
    path,
    operationId: "getHost",
    tag,
    summary: "The record of a host",
    answer: hostRecord,
    handle: findHost,
  },
  {
    method: "put",
    path,
    operationId: "putHost",
    tag,
    summary: "Add a host, or change one that nothing stands on; it is not connected to yet",
    body: hostShape,
    answer: hostRecord,
    async handle(request, { rooms, plugins }) {
      const name = parseId("host", param(request, "host"))
      const { plugin, config } = parseShape("", hostShape, underId("name", name, request.body))
      checkReferences("config", config)
      parseHostConfig(findPlugin(plugins, plugin), config)
      return rooms.store.putHost({ name, plugin, config })
    },
  },
  {
    method: "delete",
    path,
    operationId: "removeHost",
    tag,
    summary: "Forget a host that no NIC, router or network is on; absent: success",
    answer: z.strictObject({ host: hostRecord.optional() }),
    async handle(request, { rooms }) {
      const host = await rooms.store.findHost(param(request, "host"))
      if (host === undefined) return {}
      await rooms.store.removeHost(host.name)
      return { host }
    },
  },
  {
    method: "get",
    path: `${path}/description`,
    operationId: "describeHost",
    tag,
    summary: "What a host says of itself now: hypervisor, abilities, and what is amiss with a remedy",
    answer: hostDescription,
    async handle(request, { rooms }) {
      return (await rooms.hosts.open(param(request, "host"), request.call)).describeHost(request.call)
    },
  },
  {
    method: "get",
    path: `${path}/vms`,
    operationId: "findVms",
    tag,
    summary: "The VMs of a host that bear a name; several may",
    query: z.strictObject({ name: z.string().meta({ description: "The VM's name" }) }),
    answer: z.strictObject({ vms: z.array(vmRecord) }),
    async handle(request, { rooms }) {
      const host = await rooms.hosts.open(param(request, "host"), request.call)
      return { vms: await host.findVmsByName(request.query["name"] ?? "", request.call) }
    },
  },
]

async function findHost(request: RouteRequest, { rooms }: Api): Promise<HostRecord> {
  const name = param(request, "host")
  const host = await rooms.store.findHost(name)
  if (host !== undefined) return host
  throw new Slash64Error("NOT_FOUND", `host ${quote(name)} was not added`, {
    field: "host",
    value: quote(name),
    hint: "List the hosts with GET /v1/hosts, or add it with PUT.",
  })
}

function findPlugin(plugins: Api["plugins"], name: string): Api["plugins"][number] {
  const plugin = plugins.find((one) => one.name === name)
  if (plugin !== undefined) return plugin
  throw new Slash64Error("UNIMPLEMENTED", `plugin ${quote(name)} is not installed`, {
    field: "plugin",
    value: quote(name),
    hint: `The plugins here are: ${plugins.map((one) => one.name).join(", ")}.`,
  })
}

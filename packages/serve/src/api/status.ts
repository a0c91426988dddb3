import { readHostStatus, readNetworkStatus } from "@slash64/core"
import type { NetworkStatus } from "@slash64/core"
import { z } from "zod"
import { findNetwork } from "./networks.ts"
import { pageQuery, pageShape, readPage } from "./page.ts"
import { countsAsText, hostStatus, networkStatus } from "./records.ts"
import type { Route } from "./route.ts"

const tag = "status"

export const statusRoutes: readonly Route[] = [
  {
    method: "get",
    path: "/v1/status",
    operationId: "getStatus",
    tag,
    summary: "What is wrong with the networks, a page of them in the order of their names, and what to do",
    query: pageQuery,
    answer: pageShape("networks", networkStatus),
    handle: ({ query, call }, { rooms }) =>
      readPage(
        "networks",
        query,
        async (page) => {
          const networks = await rooms.store.listNetworks(page)
          return Promise.all(networks.map(async (one) => shown(await readNetworkStatus(one, rooms, call))))
        },
        ({ network }) => network.name,
      ),
  },
  {
    method: "get",
    path: "/v1/status/hosts",
    operationId: "getHostStatus",
    tag,
    summary: "What is wrong with the hosts, and what to do; one that does not answer is a problem here, not an error",
    answer: z.strictObject({ hosts: z.array(hostStatus) }),
    async handle({ call }, { rooms }) {
      const hosts = await rooms.store.listHosts()
      return { hosts: await Promise.all(hosts.map((host) => readHostStatus(host, rooms, call))) }
    },
  },
  {
    method: "get",
    path: "/v1/networks/{network}/status",
    operationId: "getNetworkStatus",
    tag,
    summary: "A network with its counts, its router, and what is wrong with it and what to do",
    answer: networkStatus,
    async handle(request, api) {
      return shown(await readNetworkStatus(await findNetwork(request, api), api.rooms, request.call))
    },
  },
]

function shown({ counts: { ipv6, ipv4 }, ...status }: NetworkStatus) {
  const counts = { ...(ipv6 && { ipv6: countsAsText(ipv6) }), ...(ipv4 && { ipv4: countsAsText(ipv4) }) }
  return { ...status, counts }
}

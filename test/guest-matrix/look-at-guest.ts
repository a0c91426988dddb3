import { linkLocalAddress } from "@slash64/core"
import { z } from "zod"
import type { MatrixNic } from "./clients.ts"

/** The guest's own addresses, routes and resolver against what its NICs were given; `shell` runs a line in the guest. */
export async function lookAtGuest(
  shell: (line: string) => Promise<string>,
  nics: readonly MatrixNic[],
): Promise<readonly string[]> {
  const [addresses = "", routes6 = "", routes4 = "", resolver = ""] = (await shell(lookAround)).split("----\n")
  const interfaces = interfaceList.parse(JSON.parse(addresses))
  const routes = [...routeList.parse(JSON.parse(routes6 || "[]")), ...routeList.parse(JSON.parse(routes4 || "[]"))]
  return [
    ...nics.flatMap((one) => {
      const own = interfaces.find(({ ifname }) => ifname === one.device)?.addr_info ?? []
      const globals = own.filter(({ scope, tentative }) => scope === "global" && !tentative).map(({ local }) => local)
      const theirs = routes.filter(({ dev }) => dev === one.device)
      return checkNic(one, globals, theirs)
    }),
    ...checkResolver(nics, resolver),
  ]
}

const lookAround = [
  "ip -json address",
  "echo ----",
  "ip -json -6 route",
  "echo ----",
  "ip -json -4 route",
  "echo ----",
  "cat /etc/resolv.conf /run/systemd/netif/links/* 2>/dev/null || true",
].join("\n")

type Route = z.infer<typeof routeList>[number]

function checkNic(one: MatrixNic, addresses: readonly string[], routes: readonly Route[]): readonly string[] {
  const { device, network, nic } = one
  const reserved = network.reservations.find(({ nicId }) => nicId === nic.id)
  const wanted = [reserved?.ipv6, reserved?.ipv4].filter((address) => address !== undefined)
  const gateways = routes.filter(({ dst }) => dst === "default").map(({ gateway = "none" }) => gateway)
  const ways = [linkLocalAddress(network.guestMac), ...(network.ipv4 ? [network.ipv4.gateway] : [])]
  const onLink = routes.filter(({ gateway }) => gateway === undefined).map(({ dst }) => dst)
  return [
    ...differ(`${device}'s addresses`, addresses, wanted),
    ...differ(`${device}'s default routes by`, gateways, nic.isDefault ? ways : []),
    ...(onLink.includes(network.ipv6?.prefix ?? "") ? [] : [`${device} has no route to its own link`]),
  ]
}

/** One family's client may have written over what the other's wrote: any of the default network's servers, and no other. */
function checkResolver(nics: readonly MatrixNic[], text: string): readonly string[] {
  const servers = Array.from(text.matchAll(/^(?:nameserver |DNS=)(.+)$/gm), ([, words = ""]) => words.split(" ")).flat()
  const network = nics.find(({ nic }) => nic.isDefault)?.network
  const known = new Set<string | undefined>([network?.ipv6?.router, network?.ipv4?.router])
  const strange = servers.filter((server) => server !== "" && !known.has(server))
  if (strange.length > 0) return [`name servers of another network: ${strange.join(" ")}`]
  return servers.some((server) => known.has(server)) ? [] : ["no name server"]
}

function differ(what: string, seen: readonly string[], wanted: readonly string[]): readonly string[] {
  const [have, should] = [seen.toSorted().join(" "), wanted.toSorted().join(" ")]
  return have === should ? [] : [`${what}: ${have === "" ? "none" : have}, not ${should === "" ? "none" : should}`]
}

const interfaceList = z.array(
  z.object({
    ifname: z.string(),
    addr_info: z.array(z.object({ local: z.string(), scope: z.string(), tentative: z.boolean().default(false) })),
  }),
)
const routeList = z.array(z.object({ dst: z.string(), dev: z.string().optional(), gateway: z.string().optional() }))

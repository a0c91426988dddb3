import { setTimeout as sleep } from "node:timers/promises"
import { z } from "zod"
import { bootGuest, type ClientGuest } from "../integration/client-guest.ts"
import { beginClient, type Installation, type MatrixNic } from "./clients.ts"
import type { Player } from "./cells.ts"
import type { MatrixGround } from "./ground.ts"

/** A guest that runs, with all its NICs on their links. */
export interface MatrixGuest {
  /** What is amiss once nothing changes any more; empty: all is as it should be. */
  check(): Promise<readonly string[]>
  /** Nothing is shut down and nothing released. Repeated: nothing. */
  cutPower(): Promise<void>
}

export interface BootRequest {
  readonly ground: MatrixGround
  readonly player: Player
  readonly nics: readonly MatrixNic[]
  /** A disk of `makeGuestDisk`. */
  readonly disk: string
  readonly tree: string
  readonly installation: Installation
}

const patienceMs = 60_000
/** A default route or a name server may come behind the address. */
const quietMs = 1500

export async function bootMatrixGuest(request: BootRequest): Promise<MatrixGuest> {
  const { ground, player, nics, disk, tree, installation } = request
  const [first, second] = ground.links
  const [eth0, eth1] = nics
  if (eth0 === undefined) throw new Error("a guest without a NIC")
  const namespace = await first.segment.addNamespace(eth0.nic.mac, eth0.device, { up: false })
  if (eth1 !== undefined) await second.segment.plug(namespace, eth1.nic.mac, eth1.device, { up: false })
  const guest = await bootGuest(namespace, tree, disk)
  let on = true
  await beginClient(player.client, guest, nics, installation)
  return {
    async check() {
      const end = Date.now() + patienceMs
      let problems = await look(guest, nics)
      while (problems.length > 0 && Date.now() < end) {
        await sleep(500)
        problems = await look(guest, nics)
      }
      await sleep(quietMs)
      return look(guest, nics)
    },
    async cutPower() {
      if (!on) return
      on = false
      await guest.close()
      await first.segment.removeNamespace(namespace)
    },
  }
}

/** The guest's own addresses, routes and resolver against what its NICs were given. */
async function look(guest: ClientGuest, nics: readonly MatrixNic[]): Promise<readonly string[]> {
  const [addresses = "", routes6 = "", routes4 = "", resolver = ""] = (await guest.shell(lookAround)).split("----\n")
  const interfaces = interfaceList.parse(JSON.parse(addresses))
  const routes = [...routeList.parse(JSON.parse(routes6 || "[]")), ...routeList.parse(JSON.parse(routes4 || "[]"))]
  return [
    ...nics.flatMap((one) => {
      const own = interfaces.find(({ ifname }) => ifname === one.device)?.addr_info ?? []
      const globals = own.filter(({ scope }) => scope === "global").map(({ local }) => local)
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
  const ways = nic.isDefault ? ["a link-local", ...(network.ipv4 ? [network.ipv4.gateway] : [])] : []
  const onLink = routes.filter(({ gateway }) => gateway === undefined).map(({ dst }) => dst)
  const seen = gateways.map((gateway) => (gateway.startsWith("fe80::") ? "a link-local" : gateway))
  return [
    ...differ(`${device}'s addresses`, addresses, wanted),
    ...differ(`${device}'s default routes by`, seen, ways),
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
    addr_info: z.array(z.object({ local: z.string(), scope: z.string() })),
  }),
)
const routeList = z.array(z.object({ dst: z.string(), dev: z.string().optional(), gateway: z.string().optional() }))

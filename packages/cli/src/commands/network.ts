import { Option } from "@commander-js/extra-typings"
import { Slash64Error, createNetwork, isSlash64Error, removeNetwork, segmentOf, showRanges } from "@slash64/core"
import type { SharedNetwork } from "@slash64/core"
import type { Answer } from "../answer.ts"
import { findNetwork } from "../find-network.ts"
import { networkOption, networkRequest } from "../network-request.ts"
import type { NetworkOptions } from "../network-request.ts"
import { card, table } from "../output/table.ts"
import type { Act, Program } from "../program.ts"
import type { Session } from "../session.ts"

export function addNetworkCommands(program: Program, act: Act): void {
  const network = program.command("network").description("shared networks: one /64 each, on one bridge or VLAN")

  network
    .command("create <name>")
    .description("make a network; hosts learn of it when something is put on it")
    .option("--ipv6 <prefix>", "the /64 of the network")
    .option("--gateway <address>", "its default router; not needed with --ra router")
    .option("--range <start-end>", "the addresses for guests; else the whole prefix")
    .option("--router-address <address>", "the router VM's own; else the first that is free")
    .option("--dns <addresses>", "at most two, with a comma; else the router VM answers")
    .addOption(
      new Option("--ra <mode>", "who advertises: the rack router, or the router VM").choices(["external", "router"]),
    )
    .option("--ipv4 <prefix>", "an IPv4 prefix beside it, or alone")
    .option("--ipv4-gateway <address>", "its default router; not needed with --ra router")
    .option("--ipv4-range <start-end>", "the addresses for guests; else the whole prefix")
    .option("--ipv4-router-address <address>", "the router VM's own; else the first that is free")
    .option("--ipv4-dns <addresses>", "at most two, with a comma; else the router VM answers")
    .option("--isolated", "on a bridge of its own without an uplink")
    .option("--bridge <name>", "on a bridge that is there")
    .option("--vlan <tag>", "on a VLAN of --uplink; or the tag on --openvswitch")
    .option("--uplink <device>", "the device that carries --vlan")
    .option("--openvswitch <bridge>", "on an Open vSwitch bridge that is there")
    .option("--mtu <bytes>", "1280 to 9216 (default: 1500)")
    .option("--domain <name>", "the DNS search domain of the guests")
    .option("--lease <seconds>", "how long a DHCP lease lasts, 120 to 86400 (default: 3600)")
    .option("--quarantine <seconds>", "how long a released address rests (default: as long as a lease)")
    .addOption(
      new Option("--policy <kind>", "how addresses are chosen (default: stable)").choices(["stable", "sequential"]),
    )
    .option("--port-security", "drop what a guest sends from an address that is not its own")
    .addHelpText(
      "after",
      `
Examples:
  slash64 network create blue --ipv6 2001:db8:0:1::/64 --isolated --ra router
  slash64 network create red --ipv6 2001:db8:0:2::/64 --gateway 2001:db8:0:2::1 --vlan 200 --uplink eth1
  slash64 network create dual --ipv6 fd00:1::/64 --ipv4 192.0.2.0/24 --ra router --bridge br0`,
    )
    .action((name, options) => act((session) => create(session, name, options)))

  network
    .command("list")
    .description("all networks")
    .addHelpText("after", "\nExample:\n  slash64 network list --json")
    .action(() => act(list))

  network
    .command("show <network>")
    .description("a network by its name or id, with its router and NICs")
    .addHelpText("after", "\nExample:\n  slash64 network show blue")
    .action((name) => act((session) => show(session, name)))

  network
    .command("remove <network>")
    .description("remove a network that no NIC stands on, with its router; success where there is none")
    .addHelpText("after", "\nExample:\n  slash64 network remove blue")
    .action((name) => act((session) => remove(session, name)))
}

async function create(session: Session, name: string, options: NetworkOptions): Promise<Answer> {
  const request = networkRequest(name, options)
  const rooms = await session.rooms()
  const network = await createNetwork(request, rooms, session.call).catch(nameOption)
  return { json: { network }, text: networkCard(network) }
}

/** A person typed `--gateway` and reads of `ipv6.gateway`: the hint says which option that is. */
function nameOption(error: unknown): never {
  const option = isSlash64Error(error) && error.field !== undefined ? networkOption(error.field) : undefined
  if (!isSlash64Error(error) || option === undefined) throw error
  const { code, message, field, value, hint = "" } = error
  throw new Slash64Error(code, message, {
    ...(field !== undefined && { field }),
    ...(value !== undefined && { value }),
    hint: `${option}: ${hint}`,
    cause: error,
  })
}

async function list(session: Session): Promise<Answer> {
  const networks = await (await session.store()).listNetworks()
  return {
    json: { networks },
    text: table(
      ["name", "ipv6", "ipv4", "attachment", "ra"],
      networks.map(({ name, ipv6, ipv4, attachment }) => [
        name,
        ipv6?.prefix,
        ipv4?.prefix,
        segmentOf(attachment) ?? attachment.kind,
        ipv6?.ra,
      ]),
      "no networks: make one with slash64 network create",
    ),
  }
}

async function show(session: Session, idOrName: string): Promise<Answer> {
  const store = await session.store()
  const network = await findNetwork(store, idOrName)
  const router = await store.findRouter(network.id)
  const nics = await store.listNics({ networkId: network.id })
  const standing = card({
    router: router === undefined ? "none" : `${router.state} on ${router.host}`,
    nics: nics.length,
  })
  return {
    json: { network, ...(router !== undefined && { router }), nics },
    text: `${networkCard(network)}\n${standing}`,
  }
}

async function remove(session: Session, name: string): Promise<Answer> {
  const removed = await removeNetwork(name, await session.rooms(), session.call)
  return { json: removed, text: removed.network === undefined ? "nothing to remove" : `network ${name} removed` }
}

function networkCard({
  name,
  id,
  ipv6,
  ipv4,
  attachment,
  mtu,
  leaseSeconds,
  quarantineSeconds,
}: SharedNetwork): string {
  return card({
    network: name,
    id,
    ipv6: ipv6 && `${ipv6.prefix} gateway ${ipv6.gateway} router ${ipv6.router} ra ${ipv6.ra}`,
    ranges: ipv6 && showRanges(ipv6.ranges),
    excluded: ipv6 && ipv6.exclusions.length > 0 ? showRanges(ipv6.exclusions) : undefined,
    ipv4: ipv4 && `${ipv4.prefix} gateway ${ipv4.gateway} router ${ipv4.router}`,
    "ipv4 ranges": ipv4 && showRanges(ipv4.ranges),
    "ipv4 excluded": ipv4 && ipv4.exclusions.length > 0 ? showRanges(ipv4.exclusions) : undefined,
    attachment: segmentOf(attachment) ?? attachment.kind,
    mtu,
    lease: `${leaseSeconds} s, quarantine ${quarantineSeconds} s`,
  })
}

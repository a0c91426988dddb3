import { Option } from "@commander-js/extra-typings"
import { createNetwork, removeNetwork } from "@slash64/core"
import type { Answer } from "../answer.ts"
import { change } from "../network/change.ts"
import { list } from "../network/list.ts"
import { nameOption } from "../network/name-option.ts"
import { networkCard } from "../network/network-card.ts"
import { show } from "../network/show.ts"
import { networkRequest } from "../network-request.ts"
import type { NetworkOptions } from "../network-request.ts"
import type { Act, Program } from "../program.ts"
import type { Session } from "../session.ts"

export function addNetworkCommands(program: Program, act: Act): void {
  const network = program.command("network").description("shared networks: one /64 each, on one bridge or VLAN")

  network
    .command("create <name>")
    .description("make a network; hosts learn of it when something is put on it")
    .option("--ipv6 <prefix>", "the /64 of the network")
    .option("--pool <name>", "take the /64 from this pool; addresses are then given by their last 64 bits")
    .option("--gateway <address>", "its default router; not needed with --ra router")
    .option("--range <start-end>", "addresses for guests, once or more often; else the whole prefix", collect)
    .option("--router-address <address>", "the router VM's own; else the first that is free")
    .option("--dns <addresses>", "at most two, with a comma; else the router VM answers")
    .addOption(
      new Option("--ra <mode>", "who advertises: the rack router, or the router VM").choices(["external", "router"]),
    )
    .option("--ipv4 <prefix>", "an IPv4 prefix beside it, or alone")
    .option("--ipv4-gateway <address>", "its default router; not needed with --ra router")
    .option("--ipv4-range <start-end>", "addresses for guests, once or more often; else the whole prefix", collect)
    .option("--ipv4-router-address <address>", "the router VM's own; else the first that is free")
    .option("--ipv4-dns <addresses>", "at most two, with a comma; else the router VM answers")
    .option("--exclude <start-end>", "addresses of either family that no guest gets, once or more often", collect)
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
      new Option("--policy <kind>", "how addresses are chosen (default: stable)").choices([
        "stable",
        "eui64",
        "sequential",
        "random",
      ]),
    )
    .option("--port-security", "drop what a guest sends from an address that is not its own")
    .addHelpText(
      "after",
      `
Examples:
  slash64 network create blue --ipv6 2001:db8:0:1::/64 --isolated --ra router
  slash64 network create red --ipv6 2001:db8:0:2::/64 --gateway 2001:db8:0:2::1 --vlan 200 --uplink eth1
  slash64 network create green --pool edge --gateway ::1 --range ::1000-::1fff --vlan 201 --uplink eth1
  slash64 network create dual --ipv6 fd00:1::/64 --ipv4 192.0.2.0/24 --ra router --bridge br0`,
    )
    .action((name, options) => act((session) => create(session, name, options)))

  network
    .command("list")
    .description("the networks, in the order of their names")
    .option("--limit <number>", "at most so many, 1 to 10000", "1000")
    .option("--after <network>", "begin behind this one, the last of the page before")
    .addHelpText("after", "\nExample:\n  slash64 network list --json")
    .action((options) => act((session) => list(session, options)))

  network
    .command("show <network>")
    .description("a network by its name or id, with its router and how many addresses it has")
    .addHelpText("after", "\nExample:\n  slash64 network show blue")
    .action((name) => act((session) => show(session, name)))

  network
    .command("change <network>")
    .description("change a network in use: its NICs keep their addresses. Repeated: nothing more is changed")
    .option("--ipv6 <prefix>", "add IPv6 to an IPv4 network: this /64")
    .option("--pool <name>", "add IPv6 with a /64 of this pool; addresses are then given by their last 64 bits")
    .option("--gateway <address>", "its default router; not needed with --ra router")
    .option("--range <start-end>", "its addresses for guests, once or more often; else the whole prefix", collect)
    .option("--router-address <address>", "the router VM's own; else the first that is free")
    .option("--dns <addresses>", "at most two, with a comma; else the router VM answers")
    .addOption(
      new Option("--ra <mode>", "who advertises: the rack router, or the router VM").choices(["external", "router"]),
    )
    .option("--ipv4 <prefix>", "add IPv4 to an IPv6 network: this prefix")
    .option("--ipv4-gateway <address>", "its default router; not needed where the router VM advertises IPv6")
    .option("--ipv4-range <start-end>", "its addresses for guests, once or more often; else the whole prefix", collect)
    .option("--ipv4-router-address <address>", "the router VM's own; else the first that is free")
    .option("--ipv4-dns <addresses>", "at most two, with a comma; else the router VM answers")
    .option("--add-range <start-end>", "more addresses for guests, once or more often", collect)
    .option("--exclude <start-end>", "addresses that no guest gets from now on, once or more often", collect)
    .option("--unexclude <start-end>", "addresses that guests get again, once or more often", collect)
    .option("--quarantine <seconds>", "how long an address that is released from now on rests")
    .addHelpText(
      "after",
      `
Examples:
  slash64 network change blue --add-range 2001:db8:0:1::1000-2001:db8:0:1::1fff
  slash64 network change blue --exclude 2001:db8:0:1::53 --exclude 192.0.2.10-192.0.2.19
  slash64 network change blue --unexclude 2001:db8:0:1::53 --quarantine 7200
  slash64 network change old --ipv6 2001:db8:0:3::/64 --gateway 2001:db8:0:3::1
  slash64 network change blue --ipv4 198.51.100.0/24 --ipv4-gateway 198.51.100.1

A family that is added is there for good: each NIC has an address of it at once, and its guest when it next asks. No
family is taken away, since guests that run would lose the addresses that they use: make another network, and move the
NICs. Exit code 9 where a port with port security does not let a new address through yet: slash64 apply does it.`,
    )
    .action((name, options) => act((session) => change(session, name, options)))

  network
    .command("remove <network>")
    .description("remove a network that no NIC stands on, with its router; success where there is none")
    .addHelpText("after", "\nExample:\n  slash64 network remove blue")
    .action((name) => act((session) => remove(session, name)))
}

/** An option that is given once or more often. */
function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text]
}

async function create(session: Session, name: string, options: NetworkOptions): Promise<Answer> {
  const request = networkRequest(name, options)
  const rooms = await session.rooms()
  const network = await createNetwork(request, rooms, session.call).catch(nameOption)
  return { json: { network }, text: networkCard(network) }
}

async function remove(session: Session, name: string): Promise<Answer> {
  const removed = await removeNetwork(name, await session.rooms(), session.call)
  return { json: removed, text: removed.network === undefined ? "nothing to remove" : `network ${name} removed` }
}

import type { RouterState } from "@slash64/core"
import { netmaskOf, networkOf } from "./prefix-parts.ts"

type Ipv6Side = NonNullable<RouterState["ipv6"]>
type Ipv4Side = NonNullable<RouterState["ipv4"]>

/**
 * dnsmasq.conf: DHCPv6, DHCPv4, RA and DNS for the guests that have a reservation, and silence for everybody else.
 * Nothing of a single NIC stands in it, so an attach restarts nothing. Written for the router's own dnsmasq 2.90
 * (docs/decisions/patched-dnsmasq.md).
 */
export function renderDnsmasq(state: RouterState): string {
  return [
    renderProcess(answersDns(state)),
    renderDns(state),
    renderLeases(),
    state.ipv6 ? renderIpv6(state.ipv6, state) : [],
    state.ipv4 ? renderIpv4(state.ipv4, state) : [],
  ]
    .filter((section) => section.length > 0)
    .map((section) => `${section.join("\n")}\n`)
    .join("\n")
}

/** Whether the router VM is a DNS server of its guests: where a side names no other. */
export function answersDns(state: Pick<RouterState, "ipv6" | "ipv4">): boolean {
  return state.ipv6?.dns.length === 0 || state.ipv4?.dns.length === 0
}

function renderProcess(dns: boolean): string[] {
  return [
    "# The process",
    "user=dnsmasq",
    "group=dnsmasq",
    "pid-file=/run/slash64/dnsmasq.pid",
    "log-facility=-",
    "quiet-dhcp",
    "quiet-dhcp6",
    "quiet-ra",
    "interface=guest",
    "except-interface=lo",
    "# Not bind-interfaces: an address that arrives later, or a guest NIC that is slow to come up, is followed.",
    "bind-dynamic",
    `port=${dns ? 53 : 0}`,
  ]
}

function renderDns({ domain }: RouterState): string[] {
  return [
    "# Names: those of the reservations, and no upstream",
    "no-resolv",
    "no-hosts",
    "dhcp-ignore-names",
    ...(domain === undefined ? [] : [`domain=${domain}`, `local=/${domain}/`]),
  ]
}

function renderLeases(): string[] {
  return [
    "# Leases: known hosts only. The server's DUID is the first line of the lease file",
    "dhcp-leasefile=/var/lib/slash64/leases/dnsmasq.leases",
    "dhcp-hostsfile=/run/slash64/hosts",
    "dhcp-hostsdir=/run/slash64/hosts.d",
    "dhcp-ignore=tag:!known",
    "dhcp-authoritative",
    "no-ping",
    // An address is leased once and only to its reservation, so this bounds nothing; the default of 1000 would.
    "dhcp-lease-max=200000",
  ]
}

function renderIpv6(side: Ipv6Side, state: RouterState): string[] {
  return [
    "# IPv6",
    `dhcp-range=set:ipv6,${networkOf(side.prefix)},static,64,${state.leaseSeconds}`,
    ...renderIpv6Dns(side, answersDns(state)),
    ...(state.domain === undefined ? [] : [`dhcp-option=tag:!nondefault,option6:domain-search,${state.domain}`]),
    // With a static range the prefix is announced as M=1, O=1, L=1, A=0: no guest makes an address of its own.
    ...(side.ra === "router" ? ["enable-ra", `ra-param=guest,mtu:${state.mtu},${renderRouterLifetime(state)}`] : []),
  ]
}

/**
 * Preference, interval and lifetime. One RA is for all guests of a link, so it says what suits them all: no default
 * route where no NIC is its VM's default, and where some are not, the low preference, by which those guests rank the
 * router of their default network before this one (RFC 4191).
 */
function renderRouterLifetime({ reservations, withdrawn }: RouterState): string {
  const defaults = reservations.filter(({ isDefault }) => isDefault).length
  if (withdrawn === true || (defaults === 0 && reservations.length > 0)) return "60,0"
  return defaults < reservations.length ? "low,60,1800" : "60,1800"
}

/**
 * A NIC that is not its VM's default takes no DNS here. While dnsmasq answers on port 53 it adds itself where no
 * option matches, so such a NIC needs an option that renders to nothing: `[fd00::]` stands for the router's unique
 * local address and is left out where it has none. On a unique local prefix only an empty option is left; dhclient,
 * dhcpcd and systemd-networkd pass over it.
 */
function renderIpv6Dns(side: Ipv6Side, answers: boolean): string[] {
  const servers = (side.dns.length === 0 ? ["::"] : side.dns).map((server) => `[${server}]`).join(",")
  if (!answers) return [`dhcp-option=tag:!nondefault,option6:dns-server,${servers}`]
  const none = /^f[cd]/i.test(side.prefix) ? "" : ",[fd00::]"
  return [`dhcp-option=option6:dns-server,${servers}`, `dhcp-option=tag:nondefault,option6:dns-server${none}`]
}

function renderIpv4(side: Ipv4Side, state: RouterState): string[] {
  const servers = side.dns.length === 0 ? ["0.0.0.0"] : side.dns
  return [
    "# IPv4; an option without a value is not sent. Clones of one image may send one client identifier",
    "dhcp-ignore-clid",
    `dhcp-range=set:ipv4,${networkOf(side.prefix)},static,${netmaskOf(side.prefix)},${state.leaseSeconds}`,
    `dhcp-option=option:router,${side.gateway}`,
    "dhcp-option=tag:nondefault,option:router",
    `dhcp-option=option:dns-server,${servers.join(",")}`,
    "dhcp-option=tag:nondefault,option:dns-server",
    `dhcp-option=option:mtu,${state.mtu}`,
    ...(state.domain === undefined ? [] : [`dhcp-option=tag:!nondefault,option:domain-search,${state.domain}`]),
  ]
}

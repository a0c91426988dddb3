import { checkAgainst, planNetwork } from "@slash64/core"
import type { BadInput } from "./row.ts"

const six = { prefix: "2001:db8::/64", gateway: "2001:db8::1" }
const four = { prefix: "192.0.2.0/24", gateway: "192.0.2.1" }
const good = { name: "lab", attachment: { kind: "isolated" }, ipv6: six }

function network(what: string, field: string, change: object): BadInput {
  return { what, field, code: "INVALID_ARGUMENT", run: () => planNetwork({ ...good, ...change }) }
}

function ipv6(what: string, field: string, change: object): BadInput {
  return network(what, `ipv6.${field}`, { ipv6: { ...six, ...change } })
}

function ipv4(what: string, field: string, change: object): BadInput {
  return network(what, `ipv4.${field}`, { ipv4: { ...four, ...change } })
}

/** As many single addresses that do not touch. */
function apart(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${(16 + 2 * index).toString(16)}`)
}

function beside(what: string, field: string, first: object, second: object): BadInput {
  const run = () => {
    checkAgainst(planNetwork({ ...good, name: "second", ...second }), [
      planNetwork({ ...good, name: "first", ...first }),
    ])
  }
  return { what, field, code: "ALREADY_EXISTS", run }
}

export const badNetworks: readonly BadInput[] = [
  { what: "a network that is no object", field: "request", code: "INVALID_ARGUMENT", run: () => planNetwork("lab") },
  network("an unknown field", "vxlan", { vxlan: 7 }),
  network("an unknown field of the IPv6 side", "ipv6.slaac", { ipv6: { ...six, slaac: true } }),
  network("no name", "name", { name: undefined }),
  network("a name with a dot", "name", { name: "lab.example" }),
  network("a name that is a path", "name", { name: "../lab" }),
  network("a name with a line feed", "name", { name: "lab\ndhcp-option=3" }),
  network("a name of 64 characters", "name", { name: "a".repeat(64) }),
  network("an id in upper case", "id", { id: "Lab" }),
  network("an id with a percent sign", "id", { id: "lab%s" }),
  network("neither IPv6 nor IPv4", "ipv6", { ipv6: undefined }),
  network("no attachment", "attachment", { attachment: undefined }),
  network("an unknown kind of attachment", "attachment.kind", { attachment: { kind: "vxlan" } }),
  network("a bridge without its name", "attachment.bridge", { attachment: { kind: "bridge" } }),
  network("a bridge name of 16 characters", "attachment.bridge", {
    attachment: { kind: "bridge", bridge: "b".repeat(16) },
  }),
  network("a bridge name with a quote", "attachment.bridge", { attachment: { kind: "bridge", bridge: "br'0" } }),
  network("a bridge named ..", "attachment.bridge", { attachment: { kind: "bridge", bridge: ".." } }),
  network("a VLAN without its uplink", "attachment.uplink", { attachment: { kind: "vlan", vlan: 7 } }),
  network("VLAN 0", "attachment.vlan", { attachment: { kind: "vlan", uplink: "eth0", vlan: 0 } }),
  network("VLAN 4095", "attachment.vlan", { attachment: { kind: "vlan", uplink: "eth0", vlan: 4095 } }),
  network("a VLAN as text", "attachment.vlan", { attachment: { kind: "vlan", uplink: "eth0", vlan: "7" } }),
  network("an Open vSwitch tag of 4095", "attachment.vlan", {
    attachment: { kind: "openvswitch", bridge: "ovs0", vlan: 4095 },
  }),
  network("an isolated bridge with a VLAN", "attachment.vlan", { attachment: { kind: "isolated", vlan: 7 } }),
  network("an MTU below IPv6's least", "mtu", { mtu: 1279 }),
  network("an MTU above 9216", "mtu", { mtu: 9217 }),
  network("a broken MTU", "mtu", { mtu: 1500.5 }),
  network("a lease of 119 s", "leaseSeconds", { leaseSeconds: 119 }),
  network("a lease above a day", "leaseSeconds", { leaseSeconds: 86_401 }),
  network("a negative quarantine", "quarantineSeconds", { quarantineSeconds: -1 }),
  network("an unknown policy", "policy", { policy: "lowest" }),
  network("EUI-64 without IPv6", "policy", { policy: "eui64", ipv6: undefined, ipv4: four }),
  network("EUI-64 in ranges that no MAC leads to", "policy", {
    policy: "eui64",
    ipv6: { ...six, ranges: ["2001:db8::8-2001:db8::ff:fdff:ffff", "2001:db8::ff:ff00:0-2001:db8::1ff:fdff:ffff"] },
  }),
  network("a quarantine above a year", "quarantineSeconds", { quarantineSeconds: 31_536_001 }),
  network("a quarantine as text", "quarantineSeconds", { quarantineSeconds: "600" }),
  network("port security as text", "portSecurity", { portSecurity: "yes" }),
  network("a domain with an underscore", "domain", { domain: "my_lab.example" }),
  network("a domain with an empty label", "domain", { domain: "lab..example" }),
  network("a domain with a line feed", "domain", { domain: "lab\n.example" }),

  ipv6("no prefix", "prefix", { prefix: undefined }),
  ipv6("a prefix that is not one", "prefix", { prefix: "lab" }),
  ipv6("a /63", "prefix", { prefix: "2001:db8::/63" }),
  ipv6("a /120", "prefix", { prefix: "2001:db8::/120" }),
  ipv6("host bits set", "prefix", { prefix: "2001:db8::1/64" }),
  ipv6("a multicast prefix", "prefix", { prefix: "ff02::/64" }),
  ipv6("the link-local prefix", "prefix", { prefix: "fe80::/64" }),
  ipv6("the prefix of the loopback", "prefix", { prefix: "::/64" }),
  ipv6("a prefix with a zone", "prefix", { prefix: "fe80::%eth0/64" }),
  ipv6("no gateway", "gateway", { gateway: undefined }),
  ipv6("a gateway outside the prefix", "gateway", { gateway: "2001:db8:0:1::1" }),
  ipv6("a link-local gateway", "gateway", { gateway: "fe80::1" }),
  ipv6("a gateway that is the subnet-router anycast address", "gateway", { gateway: "2001:db8::" }),
  ipv6("a gateway with a zone", "gateway", { gateway: "2001:db8::1%eth0" }),
  ipv6("a second gateway in RA mode router", "gateway", {
    ra: "router",
    gateway: "2001:db8::1",
    router: "2001:db8::2",
  }),
  ipv6("an unknown RA mode", "ra", { ra: "slaac" }),
  ipv6("a router VM outside the prefix", "router", { router: "2001:db8:0:1::2" }),
  ipv6("a router VM on the gateway's address", "router", { router: "2001:DB8:0:0::1" }),
  ipv6("a router VM on an anycast address", "router", { router: "2001:db8::ffff:ffff:ffff:ffff" }),
  ipv6("a range that is no range", "range", { range: 7 }),
  ipv6("a start that is no address", "range.start", { range: "lab-2001:db8::9" }),
  ipv6("an end without a start", "range.start", { range: { end: "2001:db8::9" } }),
  ipv6("a start outside the prefix", "range.start", { range: "2001:db7::1-2001:db8::9" }),
  ipv6("an end outside the prefix", "range.end", { range: "2001:db8::1-2001:db9::9" }),
  ipv6("a range reversed", "range.start", { range: "2001:db8::9-2001:db8::8" }),
  ipv6("a range of nothing but the gateway", "range", { range: "2001:db8::1" }),
  ipv6("a range of nothing but anycast addresses", "range", {
    router: "2001:db8::2",
    range: "2001:db8::ffff:ffff:ffff:ff80-2001:db8::ffff:ffff:ffff:ffff",
  }),
  ipv6("a range beside a list of ranges", "range", { range: "2001:db8::9", ranges: ["2001:db8::8"] }),
  ipv6("ranges that are no list", "ranges", { ranges: "2001:db8::8-2001:db8::9" }),
  ipv6("an empty list of ranges", "ranges", { ranges: [] }),
  ipv6("a second range outside the prefix", "ranges.1.end", { ranges: ["2001:db8::9", "2001:db8::9-2001:db9::"] }),
  ipv6("a second range reversed", "ranges.1.start", { ranges: ["2001:db8::9", "2001:db8::9-2001:db8::8"] }),
  ipv6("a range with three ends", "ranges.0", { ranges: ["2001:db8::7-2001:db8::8-2001:db8::9"] }),
  ipv6("a range of a field that is none", "ranges.0.from", { ranges: [{ from: "2001:db8::7" }] }),
  ipv6("an IPv4 range for IPv6", "ranges.0.start", { ranges: ["192.0.2.7-192.0.2.9"] }),
  ipv6("a prefix as range", "ranges.0.start", { ranges: ["2001:db8::/65"] }),
  ipv6("ranges of nothing but the gateway and what is reserved", "ranges", {
    ranges: ["2001:db8::1", "2001:db8::", "2001:db8::fdff:ffff:ffff:ff80"],
  }),
  ipv6("more than 1000 ranges", "ranges", { ranges: apart("2001:db8::", 1001) }),
  ipv6("exclusions that are no list", "exclusions", { exclusions: "2001:db8::9" }),
  ipv6("an exclusion that is no address", "exclusions.0.start", { exclusions: ["lab"] }),
  ipv6("an exclusion outside the prefix", "exclusions.1.start", { exclusions: ["2001:db8::9", "2001:db8:0:1::9"] }),
  ipv6("an exclusion with a zone", "exclusions.0.start", { exclusions: ["2001:db8::9%eth0"] }),
  ipv6("an exclusion that is null", "exclusions.0", { exclusions: [null] }),
  ipv6("more than 1000 exclusions", "exclusions", { exclusions: apart("2001:db8::", 1001) }),
  ipv6("a range that is excluded where the router VM's address is looked for", "range", {
    range: "2001:db8::8-2001:db8::9",
    exclusions: ["2001:db8::8-2001:db8::9"],
  }),
  ipv6("a range that the router VM fills", "range", { range: "2001:db8::1-2001:db8::2" }),
  ipv6("a second DNS server without a first", "dns.0", { dns: [null, "2001:4860:4860::6666"] }),
  ipv6("a DNS server that is no address", "dns.1", { dns: ["2001:4860:4860::5555", "invalid"] }),
  ipv6("a link-local DNS server", "dns.0", { dns: ["fe80::53"] }),
  ipv6("the loopback as DNS server", "dns.0", { dns: ["::1"] }),
  ipv6("the same DNS server twice", "dns.1", { dns: ["2001:db8::53", "2001:DB8::53"] }),
  ipv6("three DNS servers", "dns", { dns: ["2001:db8::53", "2001:db8::54", "2001:db8::55"] }),

  ipv4("no IPv4 prefix", "prefix", { prefix: undefined }),
  ipv4("an IPv4 prefix with host bits", "prefix", { prefix: "192.0.2.1/24" }),
  ipv4("an IPv4 /30", "prefix", { prefix: "192.0.2.0/30" }),
  ipv4("a multicast IPv4 prefix", "prefix", { prefix: "224.0.0.0/24" }),
  ipv4("the IPv4 loopback", "prefix", { prefix: "127.0.0.0/24" }),
  ipv4("no IPv4 gateway", "gateway", { gateway: undefined }),
  ipv4("an IPv4 gateway outside the prefix", "gateway", { gateway: "192.0.3.1" }),
  ipv4("an IPv4 gateway that is the broadcast address", "gateway", { gateway: "192.0.2.255" }),
  ipv4("an IPv4 address with a leading zero", "gateway", { gateway: "192.0.2.01" }),
  ipv4("an IPv4 router VM outside the prefix", "router", { router: "192.0.3.2" }),
  ipv4("an IPv4 range reversed", "range.start", { range: "192.0.2.9-192.0.2.8" }),
  ipv4("an IPv4 end outside the prefix", "range.end", { range: "192.0.2.9-192.0.3.8" }),
  ipv4("an IPv4 end without a start", "range.start", { range: { end: "192.0.2.9" } }),
  ipv4("an IPv4 range that router VM and gateway fill", "range", { range: "192.0.2.1-192.0.2.2" }),
  ipv4("an IPv4 range beside a list of ranges", "range", { range: "192.0.2.9", ranges: ["192.0.2.8"] }),
  ipv4("a second IPv4 range outside the prefix", "ranges.1.start", { ranges: ["192.0.2.8", "192.0.3.8"] }),
  ipv4("an IPv4 exclusion outside the prefix", "exclusions.0.start", { exclusions: ["192.0.3.8"] }),
  ipv4("an IPv4 exclusion with a leading zero", "exclusions.0.start", { exclusions: ["192.0.2.08"] }),
  ipv4("an IPv6 exclusion for IPv4", "exclusions.0.start", { exclusions: ["2001:db8::8"] }),
  ipv4("a second IPv4 DNS server without a first", "dns.0", { dns: [null, "192.0.2.53"] }),
  ipv4("a multicast IPv4 DNS server", "dns.0", { dns: ["224.0.0.1"] }),

  beside("the prefix of another network", "ipv6.prefix", {}, {}),
  beside(
    "an IPv4 prefix inside another network's",
    "ipv4.prefix",
    { ipv6: undefined, ipv4: four },
    { ipv6: undefined, ipv4: { prefix: "192.0.2.128/25", gateway: "192.0.2.129" } },
  ),
  beside("the name of another network", "name", { id: "other" }, { name: "first", id: "second" }),
  beside("the id of another network as name", "name", { id: "other" }, { name: "other", id: "second" }),
  beside("the name of another network as id", "id", { id: "other" }, { id: "first" }),
  beside(
    "the VLAN of another network",
    "attachment",
    { attachment: { kind: "vlan", uplink: "eth0", vlan: 7 } },
    {
      attachment: { kind: "vlan", uplink: "eth0", vlan: 7 },
      ipv6: { prefix: "2001:db8:1::/64", gateway: "2001:db8:1::1" },
    },
  ),
  beside(
    "the bridge of another network",
    "attachment",
    { attachment: { kind: "bridge", bridge: "br0" } },
    { attachment: { kind: "bridge", bridge: "br0" }, ipv6: { prefix: "2001:db8:1::/64", gateway: "2001:db8:1::1" } },
  ),
]

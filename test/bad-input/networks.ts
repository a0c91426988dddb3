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

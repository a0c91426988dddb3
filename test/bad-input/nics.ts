import { isDefaultNic, parseDuid, planNetwork, planNic } from "@slash64/core"
import type { BadInput } from "./row.ts"

const network = planNetwork({
  name: "lab",
  attachment: { kind: "isolated" },
  ipv6: { prefix: "2001:db8::/64", gateway: "2001:db8::1", router: "2001:db8::2", range: "2001:db8::1-2001:db8::ff" },
  ipv4: { prefix: "192.0.2.0/24", gateway: "192.0.2.1", router: "192.0.2.2", range: "192.0.2.1-192.0.2.99" },
})
const six = planNetwork({ ...network, ipv4: undefined })
const four = planNetwork({ ...network, ipv6: undefined })
const vmId = "4dea22b3-1d52-d8f3-2516-782e98ab3fa0"
const good = { id: "nic-1", host: "lab-host", vmId }

function nic(what: string, field: string, change: object, on = network): BadInput {
  return { what, field, code: "INVALID_ARGUMENT", run: () => planNic({ ...good, ...change }, on) }
}

export const badNics: readonly BadInput[] = [
  { what: "a NIC that is no object", field: "request", code: "INVALID_ARGUMENT", run: () => planNic([], network) },
  nic("an unknown field of a NIC", "ip", { ip: "2001:db8::7" }),
  nic("no NIC id", "id", { id: undefined }),
  nic("a NIC id that is a path", "id", { id: "../nic" }),
  nic("a NIC id with a line feed", "id", { id: "nic\n" }),
  nic("another network's id", "networkId", { networkId: "lan" }),
  nic("no host", "host", { host: undefined }),
  nic("a VM by name", "vmId", { vmId: "web-1" }),
  nic("no VM", "vmId", { vmId: undefined }),
  nic("a malformed MAC", "mac", { mac: "gg.gg:gg:gg:gg:gg" }),
  nic("a MAC of seven octets", "mac", { mac: "02:00:00:00:00:00:01" }),
  nic("a multicast MAC", "mac", { mac: "01:12:34:5:32:ff" }),
  nic("the broadcast MAC", "mac", { mac: "ff:ff:ff:ff:ff:ff" }),
  nic("the zero MAC", "mac", { mac: "00:00:00:00:00:00" }),
  nic("a requested address that is none", "requestedIpv6", { requestedIpv6: "2001:db8::g" }),
  nic("a requested address outside the prefix", "requestedIpv6", { requestedIpv6: "2002:db8::10" }),
  nic("a requested address outside the range", "requestedIpv6", { requestedIpv6: "2001:db8::100" }),
  nic("the gateway as requested address", "requestedIpv6", { requestedIpv6: "2001:db8::1" }),
  nic("the router VM's address as requested address", "requestedIpv6", { requestedIpv6: "2001:db8::2" }),
  nic("the subnet-router anycast address requested", "requestedIpv6", { requestedIpv6: "2001:db8::" }),
  nic("an RFC 2526 anycast address requested", "requestedIpv6", { requestedIpv6: "2001:db8::fdff:ffff:ffff:ff80" }),
  nic("an IPv6 address on an IPv4 network", "requestedIpv6", { requestedIpv6: "2001:db8::7" }, four),
  nic("an IPv4 address on an IPv6 network", "requestedIpv4", { requestedIpv4: "192.0.2.7" }, six),
  nic("a requested IPv4 address outside the prefix", "requestedIpv4", { requestedIpv4: "192.0.3.7" }),
  nic("a requested IPv4 address outside the range", "requestedIpv4", { requestedIpv4: "192.0.2.100" }),
  nic("the IPv4 gateway as requested address", "requestedIpv4", { requestedIpv4: "192.0.2.1" }),
  nic("the IPv4 broadcast address requested", "requestedIpv4", { requestedIpv4: "192.0.2.255" }),
  nic("a host name with an underscore", "hostname", { hostname: "web_1" }),
  nic("a host name with a line feed", "hostname", { hostname: "web\ndhcp-script=/bin/sh" }),
  nic("a host name with a comma", "hostname", { hostname: "web,infinite" }),
  nic("a host name that reads as a lease time", "hostname", { hostname: "45m" }),
  nic("a host name that is a keyword of dnsmasq", "hostname", { hostname: "ignore" }),
  nic("isDefault as text", "isDefault", { isDefault: "true" }),
  {
    what: "a second default NIC of a VM",
    field: "isDefault",
    code: "FAILED_PRECONDITION",
    run: () => isDefaultNic(true, [{ id: "nic-0", networkId: "lab", vmId, isDefault: true }]),
  },
  { what: "a DUID of one octet", field: "duid", code: "INVALID_ARGUMENT", run: () => parseDuid("duid", "00") },
]

import { planNetwork, planNetworkChange } from "@slash64/core"
import type { BadInput } from "./row.ts"

const lab = planNetwork({
  name: "lab",
  attachment: { kind: "isolated" },
  ipv6: { prefix: "2001:db8::/64", gateway: "2001:db8::1" },
  ipv4: { prefix: "192.0.2.0/24", gateway: "192.0.2.1" },
})
const six = planNetwork({ ...lab, ipv4: undefined })
const four = planNetwork({ ...lab, ipv6: undefined })

function change(what: string, field: string, request: unknown, on = lab): BadInput {
  return { what, field, code: "INVALID_ARGUMENT", run: () => planNetworkChange(on, request) }
}

/** Every other address, so that no two of them join to one range. */
const apart = Array.from({ length: 1001 }, (_, index) => `2001:db8::${(16 + 2 * index).toString(16)}`)

export const badChanges: readonly BadInput[] = [
  change("a change that is no object", "request", "lab"),
  change("a change of a field that does not change", "mtu", { mtu: 9000 }),
  change("a change of the policy", "policy", { policy: "random" }),
  change("a change of IPv6 that is a list", "ipv6", { ipv6: ["2001:db8::9"] }),
  change("a change of an unknown field of IPv6", "ipv6.removeRanges", { ipv6: { removeRanges: ["2001:db8::9"] } }),
  change("a change of IPv6 on an IPv4 network", "ipv6", { ipv6: { exclude: ["2001:db8::9"] } }, four),
  change("a change of IPv4 on an IPv6 network", "ipv4", { ipv4: { exclude: ["192.0.2.9"] } }, six),
  change("a family without its prefix", "ipv6.prefix", { ipv6: { gateway: "2001:db8:2::1" } }, four),
  change("a family without its gateway", "ipv4.gateway", { ipv4: { prefix: "198.51.100.0/24" } }, six),
  change("a family with a range of another prefix", "ipv6.range.start", {
    ipv6: { prefix: "2001:db8:2::/64", gateway: "2001:db8:2::1", range: "2001:db8::9" },
  }),
  change("a family and a change of its ranges", "ipv6.exclude", {
    ipv6: { prefix: "2001:db8::/64", gateway: "2001:db8::1", exclude: ["2001:db8::9"] },
  }),
  change("an added range that is no list", "ipv6.addRanges", { ipv6: { addRanges: "2001:db8::9" } }),
  change("an added range outside the prefix", "ipv6.addRanges.1.start", {
    ipv6: { addRanges: ["2001:db8::9", "2001:db8:0:1::9"] },
  }),
  change("an added range reversed", "ipv6.addRanges.0.start", { ipv6: { addRanges: ["2001:db8::9-2001:db8::8"] } }),
  change("an added range without a start", "ipv6.addRanges.0.start", { ipv6: { addRanges: [{ end: "2001:db8::9" }] } }),
  change("an exclusion that is no address", "ipv6.exclude.0.start", { ipv6: { exclude: ["lab"] } }),
  change("an exclusion that is a number", "ipv6.exclude.0", { ipv6: { exclude: [9] } }),
  change("exclusions beyond 1000", "ipv6.exclude", { ipv6: { exclude: apart } }),
  change("ranges beyond 1000", "ipv6.addRanges", { ipv6: { addRanges: apart } }, withOneAddress()),
  change("an IPv4 exclusion outside the prefix", "ipv4.exclude.0.end", { ipv4: { exclude: ["192.0.2.9-192.0.3.9"] } }),
  change("an exclusion taken back outside the prefix", "ipv4.unexclude.0.start", {
    ipv4: { unexclude: ["192.0.3.9"] },
  }),
  change("an address excluded and not", "ipv6.unexclude.1", {
    ipv6: { exclude: ["2001:db8::8-2001:db8::f"], unexclude: ["2001:db8::7", "2001:db8::9"] },
  }),
  change("a negative quarantine of a change", "quarantineSeconds", { quarantineSeconds: -1 }),
  change("a quarantine of a change above a year", "quarantineSeconds", { quarantineSeconds: 31_536_001 }),
  change("a quarantine of a change that is null", "quarantineSeconds", { quarantineSeconds: null }),
]

function withOneAddress() {
  return planNetwork({ ...lab, ipv6: { ...lab.ipv6, ranges: ["2001:db8::7"] } })
}

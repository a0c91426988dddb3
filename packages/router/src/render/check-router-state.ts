import {
  invalid,
  parseDuid,
  parseIpv4Address,
  parseIpv4Prefix,
  parseIpv6Address,
  parseNicMac,
  parsePrefix64,
  type Reservation,
  type RouterState,
} from "@slash64/core"

/**
 * Refuses a state, its reservations aside, with a value that could end a line, start an option or leave a directory in a rendered file.
 * The types say so already; this is the last door before a daemon's configuration, and a state may have been JSON.
 * Throws INVALID_ARGUMENT that names the field.
 */
export function checkRouterState(state: RouterState): void {
  checkNumber("mtu", state.mtu, 1280, 9216)
  checkNumber("leaseSeconds", state.leaseSeconds, 120, 86_400)
  checkNumber("revision", state.revision, 1, Number.MAX_SAFE_INTEGER)
  checkCanonical("guestMac", state.guestMac, parseNicMac)
  checkCanonical("controlMac", state.controlMac, parseNicMac)
  checkCanonical("serverDuid", state.serverDuid, parseDuid)
  if (state.domain !== undefined) checkDomain("domain", state.domain)
  if (state.ipv6) checkIpv6Side(state.ipv6)
  if (state.ipv4) checkIpv4Side(state.ipv4)
}

function checkIpv6Side(side: NonNullable<RouterState["ipv6"]>): void {
  checkCanonical("ipv6.prefix", side.prefix, parsePrefix64)
  checkCanonical("ipv6.router", side.router, parseIpv6Address)
  side.dns.forEach((server, index) => checkCanonical(`ipv6.dns[${index}]`, server, parseIpv6Address))
}

function checkIpv4Side(side: NonNullable<RouterState["ipv4"]>): void {
  checkCanonical("ipv4.prefix", side.prefix, parseIpv4Prefix)
  checkCanonical("ipv4.router", side.router, parseIpv4Address)
  checkCanonical("ipv4.gateway", side.gateway, parseIpv4Address)
  side.dns.forEach((server, index) => checkCanonical(`ipv4.dns[${index}]`, server, parseIpv4Address))
}

/** The same for the reservation at `index` of a state. */
export function checkReservation({ mac, hostname, ipv6, ipv4 }: Reservation, index: number): void {
  const at = `reservations[${index}]`
  checkCanonical(`${at}.mac`, mac, parseNicMac)
  if (!isLabel(hostname))
    throw invalid(`${at}.hostname`, hostname, "is not a DNS label", "use 1 to 63 letters, digits and inner hyphens")
  if (ipv6 !== undefined) checkCanonical(`${at}.ipv6`, ipv6, parseIpv6Address)
  if (ipv4 !== undefined) checkCanonical(`${at}.ipv4`, ipv4, parseIpv4Address)
}

function checkNumber(field: string, value: number, low: number, high: number): void {
  if (!Number.isInteger(value) || value < low || value > high)
    throw invalid(field, value, "is out of range", `use a whole number of ${low} to ${high}`)
}

/** Another spelling of a right value is refused too: the same state must give the same bytes. */
function checkCanonical(field: string, value: string, parse: (field: string, value: unknown) => string): void {
  const right = parse(field, value)
  if (right !== value) throw invalid(field, value, "is not in its canonical spelling", `write ${right}`)
}

function checkDomain(field: string, domain: string): void {
  if (domain.length > 253 || !domain.split(".").every(isLabel))
    throw invalid(field, domain, "is not a DNS domain", "write labels with dots between them: lab.example")
}

function isLabel(text: string): boolean {
  return /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(text)
}

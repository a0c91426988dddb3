import type { Reservation } from "@slash64/core"
import { checkReservation } from "./check-router-state.ts"

/** A reservation as dnsmasq reads it: one `dhcp-host` value. */
export interface RenderedHost {
  readonly reservation: Reservation
  readonly line: string
}

/** By MAC, in the order of their text. */
export type RenderedHosts = ReadonlyMap<string, RenderedHost>

/**
 * The hosts of a router, sorted. What stands in `before` as it is now is taken from there, unchecked: of ten thousand
 * that are pushed again for one that is new, one is rendered.
 *
 * A host is keyed by its MAC alone. A DUID beside it would win over the MAC, and whoever sent a neighbour's DUID
 * would be served the neighbour's address (dnsmasq 2.90); a MAC serves every kind of DUID, and port security keeps
 * it from being forged.
 */
export function renderReservations(
  reservations: readonly Reservation[],
  before: RenderedHosts = new Map(),
): RenderedHosts {
  const hosts = new Map<string, RenderedHost>()
  reservations.forEach((reservation, index) => {
    const known = before.get(reservation.mac)
    hosts.set(reservation.mac, known && isSame(known.reservation, reservation) ? known : renderHost(reservation, index))
  })
  const known = [...before.keys()].filter((mac) => hosts.has(mac))
  const fresh = [...hosts.keys()].filter((mac) => !before.has(mac))
  // Nearly sorted, where little is new.
  const macs = fresh.length === 0 ? known : [...known, ...fresh].toSorted()
  const sorted = new Map<string, RenderedHost>()
  for (const mac of macs) {
    const host = hosts.get(mac)
    if (host) sorted.set(mac, host)
  }
  return sorted
}

function isSame(one: Reservation, other: Reservation): boolean {
  return (
    one === other ||
    (one.mac === other.mac &&
      one.ipv6 === other.ipv6 &&
      one.ipv4 === other.ipv4 &&
      one.hostname === other.hostname &&
      one.isDefault === other.isDefault)
  )
}

function renderHost(reservation: Reservation, index: number): RenderedHost {
  checkReservation(reservation, index)
  const { mac, isDefault, ipv6, ipv4, hostname } = reservation
  const values: string[] = [mac]
  if (!isDefault) values.push("set:nondefault")
  if (ipv6 !== undefined) values.push(`[${ipv6}]`)
  if (ipv4 !== undefined) values.push(ipv4)
  if (!isKeyword(hostname)) values.push(hostname)
  return { reservation, line: values.join(",") }
}

/**
 * Words that dnsmasq reads in a `dhcp-host` as something other than a name: `ignore`, `infinite`, a lease time. Such
 * a guest goes without a name in DNS; refusing it would stop the push for every other guest of the network.
 */
function isKeyword(hostname: string): boolean {
  return /^(ignore|infinite|deprecated|\d+[smhdw]?)$/i.test(hostname)
}

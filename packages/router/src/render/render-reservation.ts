import { linkLocalAddress, type MacAddress, type Reservation } from "@slash64/core"

/**
 * The files of one NIC, by path. A NIC has files of its own, so one attach changes no file of another.
 *
 * The host is keyed by its MAC alone. A DUID beside it would win over the MAC, and whoever sent a neighbour's DUID
 * would be served the neighbour's address (dnsmasq 2.90); a MAC serves every kind of DUID, and port security keeps
 * it from being forged.
 */
export function renderReservation(reservation: Reservation): Map<string, string> {
  const name = reservation.mac.replaceAll(":", "-")
  const files = new Map([[`hosts.d/${name}`, `${renderHost(reservation)}\n`]])
  if (reservation.ipv6 !== undefined) files.set(`neighbours.d/${name}`, `${renderNeighbour(reservation.mac)}\n`)
  return files
}

function renderHost({ mac, isDefault, ipv6, ipv4, hostname }: Reservation): string {
  const values: string[] = [mac]
  if (!isDefault) values.push("set:nondefault")
  if (ipv6 !== undefined) values.push(`[${ipv6}]`)
  if (ipv4 !== undefined) values.push(ipv4)
  if (!isKeyword(hostname)) values.push(hostname)
  return values.join(",")
}

/**
 * Words that dnsmasq reads in a `dhcp-host` as something other than a name: `ignore`, `infinite`, a lease time. Such
 * a guest goes without a name in DNS; refusing it would stop the push for every other guest of the network.
 */
function isKeyword(hostname: string): boolean {
  return /^(ignore|infinite|deprecated|\d+[smhdw]?)$/i.test(hostname)
}

/** dnsmasq sleeps 100 ms in its only thread for a client whose link-local is not in the neighbour table. */
function renderNeighbour(mac: MacAddress): string {
  return `neighbour replace ${linkLocalAddress(mac)} lladdr ${mac} dev guest nud permanent`
}

import type { Reservation } from "@slash64/core"
import { checkReservation } from "./check-router-state.ts"

/** A `dhcp-host` value each, sorted by MAC; `text` is the same, with a line feed behind each. */
export interface RenderedHosts {
  readonly lines: readonly string[]
  readonly text: string
}

interface RenderedHost {
  reservation: Reservation
  line: string
  /** The last rendering that it was part of. */
  round: number
}

/** The hosts of a router. Throws INVALID_ARGUMENT as {@link checkReservation}. */
export function renderHosts(reservations: readonly Reservation[]): RenderedHosts {
  return new HostRenderer().render(reservations)
}

/**
 * The same from state to state of one router. What is as it was is neither checked, rendered nor sorted again: of ten
 * thousand that are pushed again for one that is new, ten thousand are looked at and one is worked on.
 */
export class HostRenderer {
  private readonly hosts = new Map<string, RenderedHost>()
  private rendered: RenderedHosts = { lines: [], text: "" }
  private round = 0

  render(reservations: readonly Reservation[]): RenderedHosts {
    this.round += 1
    const added: string[] = []
    let isOnlyAdded = true
    let known = 0
    reservations.forEach((reservation, index) => {
      const host = this.hosts.get(reservation.mac)
      if (host === undefined) added.push(this.add(reservation, index))
      else if (host.round !== this.round && isSame(host.reservation, reservation)) known += 1
      else {
        host.line = renderHost(reservation, index)
        host.reservation = reservation
        isOnlyAdded = false
      }
      if (host) host.round = this.round
    })
    const isMore = isOnlyAdded && known === this.rendered.lines.length && added.length <= 100
    this.rendered = isMore ? added.reduce(insert, this.rendered) : ofLines(this.sortAll())
    return this.rendered
  }

  private add(reservation: Reservation, index: number): string {
    const line = renderHost(reservation, index)
    this.hosts.set(reservation.mac, { reservation, line, round: this.round })
    return line
  }

  private sortAll(): readonly string[] {
    for (const [mac, { round }] of this.hosts) if (round !== this.round) this.hosts.delete(mac)
    return [...this.hosts.values()].map(({ line }) => line).toSorted()
  }
}

function ofLines(lines: readonly string[]): RenderedHosts {
  return { lines, text: lines.map((line) => `${line}\n`).join("") }
}

/** Joining ten thousand lines anew would take longer than all the rest of a push of one more. */
function insert({ lines, text }: RenderedHosts, line: string): RenderedHosts {
  const place = placeOf(line, lines)
  let at = 0
  for (let before = 0; before < place; before++) at += (lines[before] ?? "").length + 1
  return { lines: lines.toSpliced(place, 0, line), text: `${text.slice(0, at)}${line}\n${text.slice(at)}` }
}

function placeOf(line: string, sorted: readonly string[]): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] ?? "") < line) low = middle + 1
    else high = middle
  }
  return low
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

/**
 * A host is keyed by its MAC alone. A DUID beside it would win over the MAC, and whoever sent a neighbour's DUID
 * would be served the neighbour's address (dnsmasq 2.90); a MAC serves every kind of DUID, and port security keeps
 * it from being forged.
 */
function renderHost(reservation: Reservation, index: number): string {
  checkReservation(reservation, index)
  const { mac, isDefault, ipv6, ipv4, hostname } = reservation
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

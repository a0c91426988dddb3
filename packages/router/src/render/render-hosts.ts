import type { Reservation } from "@slash64/core"
import { checkReservation } from "./check-router-state.ts"
import { HostsFile } from "./hosts-file.ts"

/** The file of a router's hosts. */
export interface RenderedHosts {
  /** A `dhcp-host` value each, sorted by MAC. */
  readonly lines: readonly string[]
  /** Of the text, in hexadecimal. */
  readonly sha256: string
  /** The lines, with a line feed behind each. */
  readonly text: () => string
}

interface RenderedHost {
  reservation: Reservation
  line: string
  /** The last rendering that it was part of, and its place among the reservations of that one. */
  round: number
  place: number
}

/** The hosts of a router. Throws INVALID_ARGUMENT as {@link checkReservation}. */
export function renderHosts(reservations: readonly Reservation[]): RenderedHosts {
  return new HostRenderer().render(reservations)
}

/**
 * The same from state to state of one router. What is as it was is neither checked, rendered nor sorted again: of ten
 * thousand that are pushed again for one that is new, ten thousand are looked at and one is worked on. A state mostly
 * has them in the order of the one before, so each is first looked for behind the last one that was found: a look
 * into the map for each would take longer than all the rest of the push.
 */
export class HostRenderer {
  private readonly hosts = new Map<string, RenderedHost>()
  private inOrder: readonly RenderedHost[] = []
  private lines: readonly string[] = []
  private readonly file = new HostsFile()
  private round = 0

  /** After an error it knows of nothing. */
  render(reservations: readonly Reservation[]): RenderedHosts {
    try {
      return this.renderNext(reservations)
    } catch (error) {
      this.hosts.clear()
      this.inOrder = []
      this.sortAll()
      throw error
    }
  }

  private renderNext(reservations: readonly Reservation[]): RenderedHosts {
    this.round += 1
    const added: string[] = []
    let isOnlyAdded = true
    let known = 0
    let next = 0
    this.inOrder = reservations.map((reservation, place) => {
      const likely = this.inOrder[next]
      const host = likely?.reservation.mac === reservation.mac ? likely : this.hosts.get(reservation.mac)
      if (host === undefined) {
        const fresh = this.add(reservation, place)
        added.push(fresh.line)
        return fresh
      }
      next = host.place + 1
      if (host.round !== this.round && isSame(host.reservation, reservation)) known += 1
      else {
        host.line = renderHost(reservation, place)
        host.reservation = reservation
        isOnlyAdded = false
      }
      host.round = this.round
      host.place = place
      return host
    })
    const isMore = isOnlyAdded && known === this.lines.length && added.length <= 100
    const text = isMore ? this.insert(added) : this.sortAll()
    return { lines: this.lines, sha256: this.file.sha256(), text }
  }

  private add(reservation: Reservation, place: number): RenderedHost {
    const host = { reservation, line: renderHost(reservation, place), round: this.round, place }
    this.hosts.set(reservation.mac, host)
    return host
  }

  /** Joining ten thousand lines anew would take longer than all the rest of a push of one more. */
  private insert(added: readonly string[]): RenderedHosts["text"] {
    let lines = this.lines
    for (const line of added) {
      const place = placeOf(line, lines)
      let at = 0
      for (let before = 0; before < place; before++) at += (lines[before] ?? "").length + 1
      this.file.insert(at, `${line}\n`)
      lines = lines.toSpliced(place, 0, line)
    }
    this.lines = lines
    return () => joinLines(lines)
  }

  private sortAll(): RenderedHosts["text"] {
    for (const [mac, { round }] of this.hosts) if (round !== this.round) this.hosts.delete(mac)
    this.lines = [...this.hosts.values()].map(({ line }) => line).toSorted()
    const text = joinLines(this.lines)
    this.file.write(text)
    return () => text
  }
}

function joinLines(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("")
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

import { duidLl, parseIpv4Address, parseIpv4Prefix, parseIpv6Address, parseNicMac } from "@slash64/core"
import type { Reservation, RouterState } from "@slash64/core"
import { openGuestSegment, type GuestSegment } from "../integration/guest-segment.ts"
import { startNamespaceRouter, type NamespaceRouter } from "../integration/namespace-router.ts"
import { lab, sideOf } from "../integration/router-states.ts"
import { clients, families, nicCounts, players, type Family, type Player } from "./cells.ts"
import type { MatrixNic } from "./clients.ts"

/** Two networks, each a link with the router of a lab on it. A guest with two NICs is on both; the first is its default. */
export interface MatrixGround {
  readonly links: readonly [MatrixLink, MatrixLink]
  close(): Promise<void>
}

export interface MatrixLink {
  readonly segment: GuestSegment
  readonly router: NamespaceRouter
  readonly state: RouterState
}

export async function openMatrixGround(family: Family): Promise<MatrixGround> {
  const index = families.indexOf(family)
  const open = async (link: 1 | 2): Promise<MatrixLink> => {
    const state = stateOf(link, family)
    const segment = await openGuestSegment(`s64x${index}${link}`)
    return { segment, state, router: await startNamespaceRouter(segment, state) }
  }
  const links = [await open(1), await open(2)] as const
  return {
    links,
    async close() {
      for (const { router, segment } of links) {
        await router.stop()
        await segment.close()
      }
    },
  }
}

/** The NICs of a player, or of its clone: each pair of MACs is its own. */
export function nicsOf({ links }: MatrixGround, player: Player, clone: boolean): readonly MatrixNic[] {
  return links.slice(0, player.nicCount).map(({ state }, index) => {
    const reservation = state.reservations.find(({ nicId }) => nicId === nicIdOf(numberOf(player, clone), index + 1))
    if (reservation === undefined) throw new Error("a NIC without a reservation")
    const { nicId: id, mac, isDefault } = reservation
    return { device: `eth${index}`, nic: { id, mac, isDefault }, network: state }
  })
}

function stateOf(link: 1 | 2, family: Family): RouterState {
  const guestMac = parseNicMac("guestMac", `02:64:00:00:0${link}:01`)
  const ipv4 = {
    prefix: parseIpv4Prefix("prefix", `10.64.${link}.0/24`),
    gateway: parseIpv4Address("gateway", `10.64.${link}.1`),
    router: parseIpv4Address("router", `10.64.${link}.1`),
    ranges: [],
    exclusions: [],
    dns: [],
  }
  const { ipv4: _, ...six } = lab
  return {
    ...six,
    routerId: `router-${link}`,
    networkId: `net-${link}`,
    guestMac,
    serverDuid: duidLl(guestMac),
    domain: `net${link}.example`,
    ipv6: sideOf(`2001:db8:64:${link}::`, "router"),
    ...(family === "dual stack" ? { ipv4 } : {}),
    reservations: reservationsOf(link, family),
  }
}

function reservationsOf(link: 1 | 2, family: Family): readonly Reservation[] {
  const numbers = players.flatMap((player) =>
    player.family === family ? [numberOf(player, false), numberOf(player, true)] : [],
  )
  return numbers.map((number) => {
    const hex = number.toString(16).padStart(2, "0")
    const six = {
      nicId: nicIdOf(number, link),
      mac: parseNicMac("mac", `02:64:00:0${link}:01:${hex}`),
      ipv6: parseIpv6Address("ipv6", `2001:db8:64:${link}::${hex}`),
      hostname: `vm-${number}`,
      isDefault: link === 1,
    }
    if (family === "IPv6 only") return six
    return Object.assign(six, { ipv4: parseIpv4Address("ipv4", `10.64.${link}.${number}`) })
  })
}

function nicIdOf(number: number, link: number): string {
  return `nic-${number}-${link}`
}

/** 32 and up: two digits in hexadecimal, and nobody else's. */
function numberOf({ client, nicCount }: Player, clone: boolean): number {
  const place = clients.indexOf(client) * nicCounts.length + nicCounts.indexOf(nicCount)
  return 32 + place * 2 + (clone ? 1 : 0)
}

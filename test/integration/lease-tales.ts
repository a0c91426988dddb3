import { setTimeout as sleep } from "node:timers/promises"
import { duidLl, linkLocalAddress, parseNicMac, type RouterState } from "@slash64/core"
import { openDhcp6Client, type Dhcp6Client } from "./dhcp6-client.ts"
import type { Dhcp6Message, Dhcp6Reply } from "./dhcp6-message.ts"
import { forgeDhcp4 } from "./forge-dhcp4.ts"
import { openGuestSegment, type GuestSegment } from "./guest-segment.ts"
import { startNamespaceRouter, type NamespaceRouter } from "./namespace-router.ts"
import { lab, macOf, nicOf } from "./router-states.ts"

export const state: RouterState = { ...lab, reservations: [nicOf(lab, 16), nicOf(lab, 17)] }
export const server = state.serverDuid
export const [first, second] = ["2001:db8:64:1::10", "2001:db8:64:1::11"]
const free = "2001:db8:64:1::99"
/** Of one image: the same in every clone. */
export const image = { duid: "00:02:00:00:ab:11:d1:c3:ee:01:02:03:04:05", iaid: 0x1000 }
export const reinstalled = { duid: "00:04:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:00", iaid: 7 }

const notOnLink = 4
/** How long nothing is heard where nothing should be. */
export const silence = 1000

/** A router, two guests that it knows and one that it does not, each with a client that lies as it is told. */
export interface Ground {
  readonly segment: GuestSegment
  readonly router: NamespaceRouter
  readonly guest: Dhcp6Client
  readonly neighbour: Dhcp6Client
  readonly stranger: Dhcp6Client
  /** Of the three, in this order. */
  readonly namespaces: readonly string[]
  close(): Promise<void>
}

export async function openGround(label: string, program?: string): Promise<Ground> {
  const segment = await openGuestSegment(label)
  const router = await startNamespaceRouter(segment, state, program)
  const namespaces: string[] = []
  for (const number of [16, 17, 18]) namespaces.push(await segment.addNamespace(macOf(number), "guest0"))
  const clients = await Promise.all(namespaces.map((namespace) => openDhcp6Client(namespace, "guest0")))
  const [guest, neighbour, stranger] = clients
  if (!guest || !neighbour || !stranger) throw new Error("three clients")
  return {
    segment,
    router,
    guest,
    neighbour,
    stranger,
    namespaces,
    async close() {
      await Promise.all(clients.map((client) => client.close()))
      await router.stop()
      await segment.close()
    },
  }
}

export interface Tale {
  readonly patch: string
  readonly name: string
  readonly play: (ground: Ground) => Promise<unknown>
  readonly right: unknown
}

/** What Debian's own dnsmasq gets wrong, by the patch that mends it. */
export const tales: readonly Tale[] = [
  {
    patch: "0001-mac-of-the-frame",
    name: "a guest is known by its frame, whatever the neighbour table holds",
    async play({ segment, router, guest }) {
      const entry = ["neigh", "replace", linkLocal(16), "lladdr", macOf(17), "dev", "guest", "nud", "permanent"]
      await segment.run(router.namespace, "ip", ...entry)
      await guest.ask({ type: "request", ...image, server, addresses: [first] }, silence)
      entry[4] = macOf(16)
      await segment.run(router.namespace, "ip", ...entry)
      return settled(router, first)
    },
    right: `${first} ${image.duid}`,
  },
  {
    patch: "0001-mac-of-the-frame",
    name: "a guest that plays a relay is not heard",
    play: ({ stranger }) => stranger.ask({ type: "solicit", ...image, relayedFor: macOf(16) }, silence),
    right: undefined,
  },
  {
    patch: "0002-reservation-above-lease",
    name: "a guest that was reinstalled has its address at once, and the lease is the new one's",
    async play({ guest, router }) {
      await boot(guest, image)
      return [await boot(guest, reinstalled), await settled(router, first)]
    },
    right: [given(first), `${first} ${reinstalled.duid}`],
  },
  {
    patch: "0002-reservation-above-lease",
    name: "a guest with another IAID has its address at once",
    async play({ guest }) {
      await boot(guest, image)
      return boot(guest, { ...image, iaid: 9 })
    },
    right: given(first),
  },
  {
    patch: "0002-reservation-above-lease",
    name: "a Request is as good as a Solicit for one who comes back as somebody else",
    async play({ guest }) {
      await boot(guest, image)
      return guest.ask({ type: "request", ...reinstalled, server, addresses: [first] })
    },
    right: given(first),
  },
  {
    patch: "0003-only-its-own-address",
    name: "a clone does not confirm its sibling's address",
    async play({ guest, neighbour }) {
      await boot(neighbour, image)
      return (await guest.ask({ type: "confirm", ...image, addresses: [second] }))?.status
    },
    right: notOnLink,
  },
  {
    patch: "0003-only-its-own-address",
    name: "an unknown MAC confirms no address",
    play: async ({ stranger }) => (await stranger.ask({ type: "confirm", ...image, addresses: [first] }))?.status,
    right: notOnLink,
  },
  {
    patch: "0003-only-its-own-address",
    name: "a clone that renews its sibling's address is given its own in its place",
    async play({ guest, neighbour, router }) {
      await boot(neighbour, image)
      const reply = await guest.ask({ type: "renew", ...image, server, addresses: [second] })
      return [reply, await settled(router, first)]
    },
    right: [{ ...given(first), withdrawn: [second] }, `${first} ${image.duid}`],
  },
  {
    patch: "0003-only-its-own-address",
    name: "a guest that rebinds another's address, or a free one, is given its own in its place",
    play: ({ guest }) => guest.ask({ type: "rebind", ...image, addresses: [second, free] }),
    right: { ...given(first), withdrawn: [second, free] },
  },
  {
    patch: "0003-only-its-own-address",
    name: "an unknown MAC rebinds nothing, and leaves no lease",
    async play({ stranger, router }) {
      const reply = await stranger.ask({ type: "rebind", ...image, addresses: [first] })
      return [reply?.given, reply?.withdrawn, await router.readLeases()]
    },
    right: [[], [first], []],
  },
  {
    patch: "0003-only-its-own-address",
    name: "a guest whose lease ended while it was off has it again when it confirms or renews",
    async play({ guest, router }) {
      const confirmed = await guest.ask({ type: "confirm", ...image, addresses: [first] })
      const lease = await settled(router, first)
      await router.restart({ forget: true })
      return [confirmed?.status, lease, await guest.ask({ type: "renew", ...image, server, addresses: [first] })]
    },
    right: [0, `${first} ${image.duid}`, given(first)],
  },
  {
    patch: "0004-release-own-lease",
    name: "a clone or an unknown MAC ends no lease of its sibling, by Release or Decline",
    async play({ guest, neighbour, stranger, router }) {
      await boot(guest, image)
      for (const client of [neighbour, stranger])
        for (const type of ["release", "decline"] as const)
          await client.ask({ type, ...image, server, addresses: [first] })
      return settled(router, first)
    },
    right: `${first} ${image.duid}`,
  },
  {
    patch: "0005-short-decline",
    name: "a guest that declined its address is offered it again soon",
    async play({ guest }) {
      await boot(guest, image)
      await guest.ask({ type: "decline", ...image, server, addresses: [first] })
      await sleep(6000)
      return boot(guest, image)
    },
    right: given(first),
  },
  {
    patch: "0006-chaddr-of-the-frame",
    name: "a guest that writes its neighbour's MAC into a DHCPv4 message is not heard",
    async play({ segment, namespaces, router }) {
      const [, neighbour = ""] = namespaces
      await forgeDhcp4(segment, neighbour, { type: "request", chaddr: macOf(16), address: "10.64.1.16" })
      return settled(router, "10.64.1.16")
    },
    right: "no lease",
  },
]

export function duidOf(number: number): string {
  return duidLl(parseNicMac("mac", macOf(number)))
}

export function given(address: string): Dhcp6Reply {
  return { type: "reply", status: 0, given: [address], withdrawn: [] }
}

/** Solicit, and a Request for what was offered. */
export async function boot(
  client: Dhcp6Client,
  who: Pick<Dhcp6Message, "duid"> & { readonly iaid: number },
): Promise<Dhcp6Reply | undefined> {
  const offer = await client.ask({ type: "solicit", ...who })
  if (offer?.type !== "advertise" || offer.given.length === 0) return offer
  return client.ask({ type: "request", ...who, server, addresses: offer.given })
}

function linkLocal(number: number): string {
  return linkLocalAddress(parseNicMac("mac", macOf(number)))
}

/** Address and DUID of the address's lease, once dnsmasq has written it: it does so behind its answer. */
export async function settled(router: NamespaceRouter, address: string): Promise<string> {
  for (let tries = 0; tries < 40; tries++) {
    const lease = (await router.readLeases()).find((line) => line.split(" ")[2] === address)
    if (lease !== undefined) return `${address} ${lease.split(" ")[4]}`
    await sleep(50)
  }
  return "no lease"
}

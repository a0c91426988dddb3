import { linkLocalAddress } from "@slash64/core"
import type { Reservation } from "@slash64/core"
import { ensureRouterDnsmasq } from "@slash64/tool-systemvm"
import { benchState } from "../bench-state.ts"
import { mustCount } from "../measure.ts"
import type { Bench, Measure, Sample } from "../measure.ts"
import { openGuestLink } from "./guest-link.ts"
import type { Guest, GuestLink } from "./guest-link.ts"

const guests = 100
/** SOL_MAX_DELAY, the most that a client waits before its first Solicit (RFC 8415 section 18.2.1). */
const delaySeconds = 1

export const storm: Measure = {
  id: "P10",
  alias: "storm",
  title: `${guests} guests that boot at once`,
  async run(bench) {
    if (process.getuid?.() !== 0) return bench.skip("network namespaces need root")
    bench.progress("building the router's dnsmasq")
    const { program, version } = await ensureRouterDnsmasq()
    const common = { by: "cost", peer: { name: "one guest alone" } } as const
    await onLink(bench, program, async (boot) => {
      await bench.compare({
        ...common,
        title: "from boot to the last one's address",
        target: 1.5,
        ours: { name: `${guests} guests`, run: () => boot(guests) },
        peer: { ...common.peer, run: () => boot(1) },
      })
    })
    await onLink(bench, "dnsmasq", async (boot) => {
      await bench.compare({
        ...common,
        title: "the same with Debian's dnsmasq",
        ours: { name: `${guests} guests`, run: () => boot(guests) },
        peer: { ...common.peer, run: () => boot(1) },
      })
    })
    bench.note(
      `dnsmasq ${version} as in the router VM, with the rendered files of a network, in a network namespace. The guests are ` +
        "packets of one program on its link, with frames, MACs and link-local addresses of their own: every other one is EUI-64, " +
        `the rest stable-privacy (RFC 7217). All wait ${delaySeconds} s before their first Solicit, as RFC 8415 lets a client wait ` +
        "at most, so that all come at the same moment; none has sent anything before, so the router knows no neighbour.",
    )
  },
}

type Boot = (count: number) => Promise<Sample>

async function onLink(bench: Bench, dnsmasq: string, use: (boot: Boot) => Promise<void>): Promise<void> {
  const state = benchState({ routerId: "storm", revision: 1, count: guests })
  const link = await openGuestLink({ directory: bench.directory, state, dnsmasq })
  try {
    await use((count) => bootAll(link, state.reservations.slice(0, count)))
  } finally {
    await link.close()
  }
}

async function bootAll(link: GuestLink, reservations: readonly Reservation[]): Promise<Sample> {
  await link.forget()
  const booted = await link.boot(reservations.map(toGuest), delaySeconds)
  const right = booted.filter(({ address }, index) => address === reservations[index]?.ipv6)
  mustCount("guests that have their own address", right.length, reservations.length)
  return { operations: 1, seconds: Math.max(...booted.map(({ seconds }) => seconds ?? Infinity)) }
}

function toGuest({ mac }: Reservation, index: number): Guest {
  if (index % 2 === 0) return { mac, linkLocal: linkLocalAddress(mac) }
  const random = mac.replaceAll(":", "").slice(-4)
  return { mac, linkLocal: `fe80::7217:a5e1:93c4:${random}` }
}

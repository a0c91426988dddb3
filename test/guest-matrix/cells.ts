/** The guests that are tried, and what happens to each. */
export const clients = [
  "dhclient, DUID-LL",
  "dhclient, DUID-LLT",
  "systemd-networkd, its default",
  "systemd-networkd, link-layer",
  "systemd-networkd, uuid",
  "dhcpcd",
  "ifupdown",
] as const
export const lives = ["first boot", "reboot", "stop and start", "reinstalled", "cloned"] as const
export const families = ["IPv6 only", "dual stack"] as const
export const nicCounts = [1, 2] as const

export type Client = (typeof clients)[number]
export type Life = (typeof lives)[number]
export type Family = (typeof families)[number]

/** One machine of the matrix, which lives through all the lives. */
export interface Player {
  readonly client: Client
  readonly family: Family
  readonly nicCount: (typeof nicCounts)[number]
}

export const players: readonly Player[] = families.flatMap((family) =>
  nicCounts.flatMap((nicCount) => clients.map((client) => ({ client, family, nicCount }))),
)

export function nameOf({ client, family, nicCount }: Player): string {
  return `${client}, ${family}, ${nicCount === 1 ? "one NIC" : "two NICs"}`
}

/** What was amiss in each life; nothing: the cell is green. */
export type Outcome = Readonly<Partial<Record<Life, readonly string[]>>>

export const hypervisors = ["KVM", "XAPI lab host"] as const

/** One guest in a real VM. */
export interface VmPlayer {
  readonly hypervisor: (typeof hypervisors)[number]
  readonly client: "dhclient" | "systemd-networkd"
}

export const vmPlayers: readonly VmPlayer[] = hypervisors.flatMap((hypervisor) =>
  (["dhclient", "systemd-networkd"] as const).map((client) => ({ hypervisor, client })),
)

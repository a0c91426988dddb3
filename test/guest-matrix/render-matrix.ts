import { lives, players, vmPlayers, type Life, type Outcome, type Player, type VmPlayer } from "./cells.ts"

/** A guest's cells, a life each: `yes`, `yes, 1.2 s`, `**no**` or `not run`. */
export type Marks = readonly string[]

/** docs/guest-matrix.md: a line a guest, a column a life; the guests by {@link keyOf} and {@link vmKeyOf}. */
export function renderMatrix(marks: ReadonlyMap<string, Marks>): string {
  const table = (head: readonly string[], keys: readonly (readonly string[])[]) =>
    renderTable([[...head, ...lives], ...keys.map((key) => [...key, ...(marks.get(key.join("|")) ?? marksOf({}))])])
  const namespaces = table(["client", "network", "NICs"], players.map(wordsOf))
  const machines = table(["hypervisor", "client", "network"], vmPlayers.map(vmWordsOf))
  return [introduction, namespaces, machineIntroduction, machines].join("\n")
}

/** What a text of {@link renderMatrix} says; a guest that it does not have is absent. */
export function parseMatrix(text: string): ReadonlyMap<string, Marks> {
  const lines = text.split("\n").map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
  const found = [...players.map(wordsOf), ...vmPlayers.map(vmWordsOf)].flatMap((key) => {
    const row = lines.find((cells) => key.every((word, column) => cells[column] === word))
    return row === undefined ? [] : [[key.join("|"), row.slice(key.length)] as const]
  })
  return new Map(found)
}

export function keyOf(player: Player): string {
  return wordsOf(player).join("|")
}

export function vmKeyOf(player: VmPlayer): string {
  return vmWordsOf(player).join("|")
}

export function marksOf(outcome: Outcome, seconds: Readonly<Partial<Record<Life, number>>> = {}): Marks {
  return lives.map((life) => {
    const [problems, took] = [outcome[life], seconds[life]]
    if (problems === undefined) return "not run"
    if (problems.length > 0) return "**no**"
    return took === undefined ? "yes" : `yes, ${took.toFixed(1)} s`
  })
}

function wordsOf({ client, family, nicCount }: Player): readonly string[] {
  return [client, family, String(nicCount)]
}

function vmWordsOf({ hypervisor, client }: VmPlayer): readonly string[] {
  return [hypervisor, client, "IPv6 only"]
}

/** As prettier has it: columns of one width. */
function renderTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`
  const [head = [], ...body] = rows
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...body.map(line), ""].join("\n")
}

const introduction = `# Guests that were tried

Written by \`npm run test:all\` (\`test/long/guest-matrix.test.ts\`); a run of some guests alone renews their lines, and
"not run" is a line that no run has reached yet. Each guest is a network namespace with a disk of its own and a DHCP client
of Debian 12, on links where the router's own dnsmasq serves and advertises. "yes": on every NIC exactly the reserved
addresses; a default route on the default NIC and on no other; a route to each NIC's own link; the name servers of the
default network and of no other.

| life           | what happened before                                                                     |
| -------------- | ---------------------------------------------------------------------------------------- |
| first boot     | nothing                                                                                  |
| reboot         | the power was cut: the disk with its lease file stays, the router holds the lease        |
| stop and start | the same, and the router has released the leases                                         |
| reinstalled    | another disk: other machine-id, DUID and IAID, while the router holds the old lease      |
| cloned         | a copy of the disk, lease file and DUID included, runs on other NICs beside the original |

The set-up is the one of [guests.md](guests.md), with the client's own choice of DUID put back: link-layer, its default
(a DUID-EN of the machine-id for systemd-networkd), UUID or LLT. dhclient makes its IAID of the MAC, so there a reinstallation
changes the DUID alone. dhcpcd runs with its own DUID file and stable-privacy link-local addresses.
`

const machineIntroduction = `## In virtual machines

Written by \`test/long/guest-vms-kvm.test.ts\` and \`test/long/guest-vms-xenserver.test.ts\`. Each guest is a VM that boots
Debian's kernel and client from a disk of its own, without a set-up of slash64's and with the DUID that its client chooses
by itself (dhclient a DUID-LLT, systemd-networkd a DUID-EN of the machine-id); its router is the router VM, started,
told and asked by the roads. Its one NIC is attached before its first boot. A reboot is the reset button, a stop a power
cut with the lease released, a reinstallation a new disk. The seconds are from the first Solicit or Confirm that is captured
on the router's port until the guest shows the address, on a machine without hardware virtualization that does other work too.
`

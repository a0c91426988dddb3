import { lives, players, type Outcome, type Player } from "./cells.ts"

/** A guest's cells, a life each: `yes`, `**no**` or `not run`. */
export type Marks = readonly string[]

/** docs/guest-matrix.md: a line a player, a column a life. */
export function renderMatrix(marks: ReadonlyMap<Player, Marks>): string {
  const rows = players.map((player) => [...keyOf(player), ...(marks.get(player) ?? marksOf({}))])
  return `${introduction}\n${renderTable([headOf(), ...rows])}`
}

/** What a text of {@link renderMatrix} says; a player that it does not have is absent. */
export function parseMatrix(text: string): ReadonlyMap<Player, Marks> {
  const lines = text.split("\n").map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
  const found = players.flatMap((player) => {
    const row = lines.find((cells) => keyOf(player).every((word, column) => cells[column] === word))
    return row === undefined ? [] : [[player, row.slice(keyOf(player).length)] as const]
  })
  return new Map(found)
}

export function marksOf(outcome: Outcome): Marks {
  return lives.map((life) => {
    const problems = outcome[life]
    if (problems === undefined) return "not run"
    return problems.length === 0 ? "yes" : "**no**"
  })
}

function headOf(): readonly string[] {
  return ["client", "network", "NICs", ...lives]
}

function keyOf({ client, family, nicCount }: Player): readonly string[] {
  return [client, family, String(nicCount)]
}

/** As prettier has it: columns of one width. */
function renderTable(rows: readonly (readonly string[])[]): string {
  const widths = headOf().map((_, column) => Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)))
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

import type { DatabaseSync } from "node:sqlite"
import type { FindingList } from "./finding-list.ts"
import type { Row } from "./sqlite-connection.ts"

interface Rule {
  /** Gives a row for each time that the rule is broken. */
  readonly sql: string
  readonly subject: (row: Row) => string
  readonly problem: (row: Row) => string
  readonly hint: string
}

const heldAnew = "detach the NIC and attach it again"

/** What must hold across tables and no index sees to. That what is held is counted right follows from the first two. */
const rules: readonly Rule[] = [
  ...(["ipv6", "ipv4"] as const).map((family) => ({
    sql: `SELECT id FROM nics WHERE ${family} IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM addresses JOIN networks ON networks.number = network
            WHERE networks.id = nics.network_id AND address = ${family} AND nic = nics.number)`,
    subject: (row: Row) => `NIC ${String(row["id"])}`,
    problem: () => `its ${family} address is not held by it: another NIC may be given it`,
    hint: heldAnew,
  })),
  {
    sql: `SELECT networks.id AS network_id, hex(address) AS address,
            coalesce((SELECT id FROM nics WHERE number = nic), 'number ' || nic) AS nic_id
          FROM addresses JOIN networks ON networks.number = network
          WHERE nic IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM nics WHERE number = nic AND nics.network_id = networks.id AND address IN (ipv6, ipv4))`,
    subject: (row) => `network ${String(row["network_id"])}`,
    problem: (row) => `address ${String(row["address"])} is held by NIC ${String(row["nic_id"])}, which has it not`,
    hint: "nobody gets this address: put back a backup, or export and import the store",
  },
  {
    sql: `SELECT routers.id AS router, nics.id AS nic FROM routers
          JOIN nics ON mac IN (unhex(guest_mac, ':'), unhex(control_mac, ':'))`,
    subject: (row) => `NIC ${String(row["nic"])}`,
    problem: (row) => `it has a MAC of router ${String(row["router"])}`,
    hint: heldAnew,
  },
  {
    sql: `SELECT named.id AS nic, other.id AS other FROM nics AS named
          JOIN nics AS other ON other.id = named.hostname AND other.network_id = named.network_id
          WHERE named.hostname <> named.id AND other.hostname = other.id`,
    subject: (row) => `NIC ${String(row["nic"])}`,
    problem: (row) => `it has the host name of NIC ${String(row["other"])}`,
    hint: heldAnew,
  },
  {
    sql: "SELECT a.id AS one, b.id AS other FROM routers a JOIN routers b ON a.guest_mac = b.control_mac",
    subject: (row) => `router ${String(row["one"])}`,
    problem: (row) => `its MAC on the network is the control MAC of router ${String(row["other"])}`,
    hint: "remove the router and start it again",
  },
]

export function checkRules(database: DatabaseSync, list: FindingList): void {
  for (const { sql, subject, problem, hint } of rules)
    list.attempt("rules", () => {
      for (const row of database.prepare(sql).iterate()) list.error(subject(row), problem(row), hint)
    })
}

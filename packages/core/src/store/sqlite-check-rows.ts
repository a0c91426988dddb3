import type { DatabaseSync } from "node:sqlite"
import { checkNic } from "../network/check-nic.ts"
import type { SharedNetwork } from "../network/records.ts"
import type { FindingList } from "./finding-list.ts"
import { readHostRow, readNetworkRow, readRouterRow, readTemplateRow } from "./record-codec.ts"
import { checkPools } from "./sqlite-check-pools.ts"
import { addressOf, damaged, numberOf, textOf } from "./row.ts"
import type { Row } from "./sqlite-connection.ts"
import { networkKeys } from "./network-rules.ts"
import { readNic } from "./sqlite-nic-rows.ts"

/** Reads every record, and holds it against what stands in its columns; yields after each. */
export function* checkRows(database: DatabaseSync, list: FindingList): Generator<void> {
  const networks = new Map<string, SharedNetwork>()
  const hosts = new Set<string>()
  const tables: readonly (readonly [table: string, key: string, subject: string, check: (row: Row) => void])[] = [
    ["hosts", "name", "host", (row) => hosts.add(checkColumns(row, { name: readHostRow(row).name }))],
    ["templates", "digest", "template", (row) => checkColumns(row, { digest: readTemplateRow(row).digest })],
    ["networks", "id", "network", (row) => networks.set(textOf(row, "id"), checkNetwork(row))],
    ["routers", "id", "router", (row) => checkRouter(row, hosts, list)],
    ["nics", "id", "NIC", (row) => checkNicRow(row, networks, hosts, list)],
    ["addresses", "network", "an address of network number", checkAddress],
  ]
  for (const [table, key, subject, check] of tables) {
    const rows = list.attempt(`table ${table}`, () => database.prepare(`SELECT * FROM ${table}`).iterate())
    for (const row of rows ?? []) {
      list.attempt(`${subject} ${String(row[key])}`, () => check(row))
      yield
    }
  }
  yield* checkPools(database, list)
}

function checkNetwork(row: Row): SharedNetwork {
  const network = readNetworkRow(row)
  checkColumns(row, { id: network.id, name: network.name, ...networkKeys(network) })
  if (!(numberOf(row, "revision") >= 1)) throw damaged("revision of a network")
  if (!(numberOf(row, "number") >= 1)) throw damaged("number of a network")
  addressOf(row, "cursor6")
  addressOf(row, "cursor4")
  return network
}

function checkRouter(row: Row, hosts: ReadonlySet<string>, list: FindingList): void {
  const { id, networkId, host, guestMac, controlMac, state } = readRouterRow(row)
  checkColumns(row, { id, network_id: networkId, host, guest_mac: guestMac, control_mac: controlMac })
  checkHost(`router ${id}`, host, hosts, list)
  if (state === "leaving")
    list.note(`router ${id}`, "it is being removed", `slash64 router remove ${networkId}, to the end`)
}

function checkNicRow(
  row: Row,
  networks: ReadonlyMap<string, SharedNetwork>,
  hosts: ReadonlySet<string>,
  list: FindingList,
): void {
  const nic = readNic(row)
  const network = networks.get(nic.networkId)
  if (network !== undefined) checkNic(nic, network)
  if (![0, 1].includes(numberOf(row, "is_default"))) throw damaged("is_default of a NIC")
  checkHost(`NIC ${nic.id}`, nic.host, hosts, list)
  if (nic.state === "leaving")
    list.note(`NIC ${nic.id}`, "it is being detached", `slash64 nic detach ${nic.networkId} ${nic.vmId}, to the end`)
}

/** Whose it is, and whether it is in its network's prefix, the NIC's row and the rules across tables say. */
function checkAddress(row: Row): void {
  if (addressOf(row, "address") === undefined) throw damaged("address")
  const rests = row["free_after"] !== null
  if (rests) numberOf(row, "free_after")
  if (rests ? row["nic"] !== null || row["last_nic_id"] === null : row["nic"] === null || row["last_nic_id"] !== null)
    throw damaged("holder of an address")
}

function checkHost(subject: string, host: string, hosts: ReadonlySet<string>, list: FindingList): void {
  if (!hosts.has(host)) list.note(subject, `its host ${host} is not known`, `slash64 host add ${host}`)
}

/** Gives the first of the values. */
function checkColumns(row: Row, values: object): string {
  for (const [column, value] of Object.entries(values))
    if (!same(row[column], value)) throw damaged(`${column}, which differs from the record,`)
  return String(Object.values(values)[0])
}

function same(column: unknown, value: unknown): boolean {
  if (column instanceof Uint8Array && value instanceof Uint8Array) return Buffer.compare(column, value) === 0
  return column === value
}

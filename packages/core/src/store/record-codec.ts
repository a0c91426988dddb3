import { z } from "zod"
import { duidLl, parseDuid } from "../address/duid.ts"
import { parseIpv4Address } from "../address/ipv4.ts"
import { ipv6FromBytes } from "../address/ipv6-address.ts"
import { parseMacAddress } from "../address/mac-address.ts"
import type { MacAddress } from "../address/mac-address.ts"
import type { HostRecord, Nic, NicState, Router, SharedNetwork, TemplateRecord } from "../network/records.ts"
import { planNetwork } from "../network/plan-network.ts"
import { bytesOf, damaged, numberOf, textOf } from "./row.ts"
import type { Row } from "./row.ts"

const routerShape = z.strictObject({
  id: z.string(),
  networkId: z.string(),
  host: z.string(),
  templateDigest: z.string(),
  templateVersion: z.string(),
  guestMac: z.string().transform((text) => parseMacAddress("guestMac", text)),
  controlMac: z.string().transform((text) => parseMacAddress("controlMac", text)),
  controlAddress: z.string().optional(),
  serverDuid: z.string().transform((text) => parseDuid("serverDuid", text)),
  hostKey: z.string(),
  state: z.enum(["claimed", "running", "leaving"]),
})
const hostShape = z.strictObject({ name: z.string(), plugin: z.string(), config: z.record(z.string(), z.unknown()) })
const templateShape = z.strictObject({
  digest: z.string(),
  version: z.string(),
  file: z.string(),
  format: z.enum(["qcow2", "raw", "vhd"]),
  registeredAt: z.string(),
})

/** Networks by the text that they are stored as: planning one takes longer than reading its row. */
const planned = new Map<string, SharedNetwork>()
const plannedMost = 1000

export function readNetworkRow(row: Row): SharedNetwork {
  const body = textOf(row, "body")
  const known = planned.get(body)
  if (known !== undefined) return known
  const network = readBody(row, "network", planNetwork)
  if (planned.size >= plannedMost) planned.clear()
  planned.set(body, network)
  return network
}

export function readNicRow(row: Row): Nic {
  const mac = readMac(textOf(row, "mac"))
  const [ipv6, ipv4] = [bytesOf(row, "ipv6"), bytesOf(row, "ipv4")]
  return {
    id: textOf(row, "id"),
    networkId: textOf(row, "network_id"),
    host: textOf(row, "host"),
    vmId: textOf(row, "vm_id"),
    mac,
    duid: duidLl(mac),
    ...(ipv6 && { ipv6: ipv6FromBytes(ipv6) }),
    ...(ipv4 && { ipv4: parseIpv4Address("ipv4", ipv4.subarray(12).join(".")) }),
    hostname: textOf(row, "hostname"),
    isDefault: numberOf(row, "is_default") === 1,
    state: readState(textOf(row, "state")),
  }
}

export function readRouterRow(row: Row): Router {
  return readBody(row, "router", (body) => {
    const { controlAddress, ...router } = routerShape.parse(body)
    return { ...router, ...(controlAddress !== undefined && { controlAddress }) }
  })
}

export function readHostRow(row: Row): HostRecord {
  return readBody(row, "host", (body) => hostShape.parse(body))
}

export function readTemplateRow(row: Row): TemplateRecord {
  return readBody(row, "template", (body) => templateShape.parse(body))
}

function readBody<T>(row: Row, what: string, parse: (body: unknown) => T): T {
  try {
    return parse(JSON.parse(textOf(row, "body")))
  } catch (cause) {
    throw damaged(what, cause)
  }
}

function readMac(text: string): MacAddress {
  try {
    return parseMacAddress("mac", text)
  } catch (cause) {
    throw damaged("MAC of a NIC", cause)
  }
}

function readState(text: string): NicState {
  if (text === "claimed" || text === "attached" || text === "leaving") return text
  throw damaged("state of a NIC")
}

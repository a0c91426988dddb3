import { z } from "zod"
import { duidLl, parseDuid } from "../address/duid.ts"
import { parseIpv4Address } from "../address/ipv4.ts"
import { ipv6FromBytes } from "../address/ipv6-address.ts"
import { parseMacAddress } from "../address/mac-address.ts"
import type { MacAddress } from "../address/mac-address.ts"
import { parseShape } from "../network/parse-shape.ts"
import type {
  FormerVm,
  HostRecord,
  Nic,
  NicState,
  PoolPrefix,
  PrefixHolder,
  PrefixPool,
  Router,
  RouterVm,
  SharedNetwork,
  TemplateRecord,
} from "../network/records.ts"
import { prefixAtSlot } from "../allocate/prefix-pool.ts"
import { planNetwork } from "../network/plan-network.ts"
import { planPool } from "../network/plan-pool.ts"
import { bytesOf, damaged, numberOf, textOf } from "./row.ts"
import type { Row } from "./row.ts"

const plannedMost = 1000

const vmFields = {
  host: z.string(),
  templateDigest: z.string(),
  templateVersion: z.string(),
  controlAddress: z.string().optional(),
}
const replacementShape = z.strictObject({ vmId: z.string(), ...vmFields })
const formerVmShape = z.strictObject({ vmId: z.string(), host: z.string(), lost: z.literal(true).optional() })
/** Lines of an export from before have no VM and no size: then it was the router's first VM, of the usual size. */
const routerShape = z.strictObject({
  id: z.string(),
  networkId: z.string(),
  vmId: z.string().optional(),
  ...vmFields,
  vcpus: z.int().min(1).max(16).default(1),
  memoryMiB: z.int().min(128).max(65_536).default(256),
  guestMac: z.string().transform((text) => parseMacAddress("guestMac", text)),
  controlMac: z.string().transform((text) => parseMacAddress("controlMac", text)),
  serverDuid: z.string().transform((text) => parseDuid("serverDuid", text)),
  hostKey: z.string(),
  state: z.enum(["claimed", "running", "leaving"]),
  replacement: replacementShape.optional(),
  former: z.array(formerVmShape).optional(),
})
const hostShape = z.strictObject({ name: z.string(), plugin: z.string(), config: z.record(z.string(), z.unknown()) })
const templateShape = z.strictObject({
  digest: z.string(),
  version: z.string(),
  file: z.string(),
  format: z.enum(["qcow2", "raw", "vhd"]),
  registeredAt: z.string(),
})

export const readNetworkRow: (row: Row) => SharedNetwork = remembered("network", planNetwork)
export const readPoolRow: (row: Row) => PrefixPool = remembered("pool", planPool)

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
  return readBody(row, "router", (body) => parseRouter("", body))
}

export function readHostRow(row: Row): HostRecord {
  return readBody(row, "host", (body) => parseHost("", body))
}

export function readTemplateRow(row: Row): TemplateRecord {
  return readBody(row, "template", (body) => parseTemplate("", body))
}

/** Each of these throws INVALID_ARGUMENT with the path from `field` on. */
export function parseRouter(field: string, body: unknown): Router {
  const { vmId, controlAddress, replacement, former, ...router } = parseShape(field, routerShape, body)
  return {
    ...router,
    vmId: vmId ?? router.id,
    ...(controlAddress !== undefined && { controlAddress }),
    ...(replacement !== undefined && { replacement: withoutUndefined(replacement) }),
    ...(former !== undefined && { former: former.map(readFormerVm) }),
  }
}

function readFormerVm({ vmId, host, lost }: z.output<typeof formerVmShape>): FormerVm {
  return lost === undefined ? { vmId, host } : { vmId, host, lost }
}

function withoutUndefined({ controlAddress, ...vm }: z.output<typeof replacementShape>): RouterVm {
  return controlAddress === undefined ? vm : { ...vm, controlAddress }
}

export function parseHost(field: string, body: unknown): HostRecord {
  return parseShape(field, hostShape, body)
}

export function parseTemplate(field: string, body: unknown): TemplateRecord {
  return parseShape(field, templateShape, body)
}

/** A /64 of this pool, by its columns `slot`, `holder_kind` and `holder_id`. */
export function readPrefixRow(pool: PrefixPool, row: Row): PoolPrefix {
  const prefix = prefixAtSlot(pool.prefix, BigInt(numberOf(row, "slot")))
  return { poolId: pool.id, prefix, holder: readHolder(row) }
}

export function readHolder(row: Row): PrefixHolder {
  const kind = textOf(row, "holder_kind")
  if (kind !== "network" && kind !== "claim") throw damaged("holder of a /64")
  return { kind, id: textOf(row, "holder_id") }
}

/** Records by the text that they are stored as: planning one takes longer than reading its row. */
function remembered<T>(what: string, plan: (body: unknown) => T): (row: Row) => T {
  const planned = new Map<string, T>()
  return (row) => {
    const body = textOf(row, "body")
    const known = planned.get(body)
    if (known !== undefined) return known
    const record = readBody(row, what, plan)
    if (planned.size >= plannedMost) planned.clear()
    planned.set(body, record)
    return record
  }
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

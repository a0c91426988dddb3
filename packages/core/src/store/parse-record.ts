import { z } from "zod"
import { duidLl, parseDuid } from "../address/duid.ts"
import { parseId, parseUuid } from "../address/id.ts"
import { parseIpv4Address } from "../address/ipv4.ts"
import { parseIpv6Address } from "../address/ipv6-address.ts"
import { parseMacAddress } from "../address/mac-address.ts"
import { parsePrefix64 } from "../address/prefix64.ts"
import { invalid } from "../errors.ts"
import { parseHostname, parseWholeNumber } from "../network/names.ts"
import { parseShape } from "../network/parse-shape.ts"
import { planNetwork } from "../network/plan-network.ts"
import { planPool } from "../network/plan-pool.ts"
import type { Nic } from "../network/records.ts"
import { parseTemplateDigest } from "../plugin/check-template-spec.ts"
import { parseHost, parseRouter, parseTemplate } from "./record-codec.ts"
import type { StoreRecord } from "./store-record.ts"

const anything = z.unknown().optional()
const kind = z.looseObject({
  record: z.enum(["host", "template", "pool", "network", "prefix", "router", "nic", "resting"]),
})
const hostShape = z.strictObject({ record: z.string(), host: anything })
const templateShape = z.strictObject({ record: z.string(), template: anything })
const networkShape = z.strictObject({
  record: z.string(),
  network: anything,
  revision: anything,
  hosts: z.array(z.string()).optional(),
  nextIpv6: anything,
  nextIpv4: anything,
})
const poolShape = z.strictObject({ record: z.string(), pool: anything, nextSlot: anything })
const prefixShape = z.strictObject({
  record: z.string(),
  poolId: anything,
  prefix: anything,
  holder: z.strictObject({ kind: z.enum(["network", "claim"]), id: anything }),
  freeAfter: anything,
})
const routerShape = z.strictObject({ record: z.string(), router: anything })
const nicShape = z.strictObject({ record: z.string(), nic: anything })
const nicFields = z.strictObject({
  id: anything,
  networkId: anything,
  host: anything,
  vmId: anything,
  mac: anything,
  duid: anything,
  ipv6: anything,
  ipv4: anything,
  hostname: anything,
  isDefault: z.boolean(),
  state: z.enum(["claimed", "attached", "leaving"]),
})
const restingShape = z.strictObject({
  record: z.string(),
  networkId: anything,
  address: z.string(),
  nicId: anything,
  freeAfter: anything,
})

/**
 * A record as somebody else wrote it, by every rule that needs no look at other records. Throws INVALID_ARGUMENT that
 * names the field.
 */
export function parseStoreRecord(input: unknown): StoreRecord {
  const { record } = parseShape("", kind, input)
  switch (record) {
    case "host": {
      const host = parseHost("host", parseShape("", hostShape, input).host)
      return { record, host: { ...host, name: parseId("host.name", host.name) } }
    }
    case "template": {
      const template = parseTemplate("template", parseShape("", templateShape, input).template)
      parseTemplateDigest("template.digest", template.digest)
      return { record, template }
    }
    case "pool":
      return parsePool(parseShape("", poolShape, input))
    case "prefix":
      return parsePrefix(parseShape("", prefixShape, input))
    case "network":
      return parseNetwork(parseShape("", networkShape, input))
    case "router": {
      const router = parseRouter("router", parseShape("", routerShape, input).router)
      for (const field of ["id", "networkId", "host"] as const) parseId(`router.${field}`, router[field])
      parseTemplateDigest("router.templateDigest", router.templateDigest)
      return { record, router }
    }
    case "nic":
      return { record, nic: parseNic(parseShape("nic", nicFields, parseShape("", nicShape, input).nic)) }
    case "resting":
      return parseResting(parseShape("", restingShape, input))
  }
}

function parsePool({ pool, nextSlot }: z.output<typeof poolShape>): StoreRecord {
  return { record: "pool", pool: planPool(pool), nextSlot: parseWholeNumber("nextSlot", nextSlot, 0, 2 ** 35) }
}

function parsePrefix({ poolId, prefix, holder, freeAfter }: z.output<typeof prefixShape>): StoreRecord {
  return {
    record: "prefix",
    poolId: parseId("poolId", poolId),
    prefix: parsePrefix64("prefix", prefix),
    holder: { kind: holder.kind, id: parseId("holder.id", holder.id) },
    ...(freeAfter !== undefined && {
      freeAfter: parseWholeNumber("freeAfter", freeAfter, 0, Number.MAX_SAFE_INTEGER),
    }),
  }
}

function parseNetwork({ network, revision, hosts, nextIpv6, nextIpv4 }: z.output<typeof networkShape>): StoreRecord {
  return {
    record: "network",
    network: planNetwork(network),
    revision: parseWholeNumber("revision", revision, 1, Number.MAX_SAFE_INTEGER),
    ...(hosts !== undefined && { hosts: hosts.map((host, index) => parseId(`hosts.${index}`, host)) }),
    ...(nextIpv6 !== undefined && { nextIpv6: parseIpv6Address("nextIpv6", nextIpv6) }),
    ...(nextIpv4 !== undefined && { nextIpv4: parseIpv4Address("nextIpv4", nextIpv4) }),
  }
}

function parseNic(given: z.output<typeof nicFields>): Nic {
  const mac = parseMacAddress("nic.mac", given.mac)
  const duid = duidLl(mac)
  if (parseDuid("nic.duid", given.duid) !== duid)
    throw invalid("nic.duid", given.duid, "is not that of its MAC", `write ${duid}`)
  return {
    id: parseId("nic.id", given.id),
    networkId: parseId("nic.networkId", given.networkId),
    host: parseId("nic.host", given.host),
    vmId: parseUuid("nic.vmId", given.vmId),
    mac,
    duid,
    ...(given.ipv6 !== undefined && { ipv6: parseIpv6Address("nic.ipv6", given.ipv6) }),
    ...(given.ipv4 !== undefined && { ipv4: parseIpv4Address("nic.ipv4", given.ipv4) }),
    hostname: parseHostname("nic.hostname", given.hostname),
    isDefault: given.isDefault,
    state: given.state,
  }
}

function parseResting({ networkId, address, nicId, freeAfter }: z.output<typeof restingShape>): StoreRecord {
  return {
    record: "resting",
    networkId: parseId("networkId", networkId),
    address: address.includes(":") ? parseIpv6Address("address", address) : parseIpv4Address("address", address),
    nicId: parseId("nicId", nicId),
    freeAfter: parseWholeNumber("freeAfter", freeAfter, 0, Number.MAX_SAFE_INTEGER),
  }
}

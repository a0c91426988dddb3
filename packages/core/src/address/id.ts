import { createHash } from "node:crypto"
import { invalid } from "../errors.ts"

/** The id of a network, NIC or router, given by the caller: 1 to 64 of `a-z 0-9 -`, no dash at either end. */
export function parseId(field: string, input: unknown): string {
  if (typeof input === "string" && /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/.test(input)) return input
  throw invalid(field, input, "is not an id", "use 1 to 64 of a-z, 0-9 and -, with a letter or digit at both ends")
}

/** A UUID in canonical lower case (RFC 9562 section 4). Throws INVALID_ARGUMENT. */
export function parseUuid(field: string, input: unknown): string {
  if (typeof input === "string" && /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i.test(input)) return input.toLowerCase()
  throw invalid(field, input, "is not a UUID", "write it as 4dea22b3-1d52-d8f3-2516-782e98ab3fa0")
}

/** UUID version 5 (RFC 9562 section 5.5): the same namespace, a UUID, and name give the same UUID. */
export function stableUuid(namespace: string, name: string): string {
  const space = Buffer.from(parseUuid("namespace", namespace).replaceAll("-", ""), "hex")
  const hash = createHash("sha1").update(space).update(name, "utf8").digest().subarray(0, 16)
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x50, 6)
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8)
  return hash.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")
}

/** The id of the `index`th NIC (from 0) of a VM on a network, for callers that keep no ids of their own. */
export function nicIdFor(networkId: string, vmId: string, index: number): string {
  return stableUuid(parseUuid("vmId", vmId), `slash64 nic ${networkId} ${index}`)
}

import { type Call, type HostNetwork, Slash64Error, quote } from "@slash64/core"
import { readRecords } from "../xapi/read-records.ts"
import type { Xapi } from "../xapi/xapi.ts"
import { type MarkedNetwork, type XapiNetwork, networkShape, readMarks } from "./network-mark.ts"

export function readNetworks(xapi: Xapi, signal: AbortSignal): Promise<readonly XapiNetwork[]> {
  return readRecords(xapi, "network", networkShape, signal)
}

export async function findNetwork(xapi: Xapi, id: string, signal: AbortSignal): Promise<MarkedNetwork | undefined> {
  return (await readNetworks(xapi, signal)).flatMap(readMarks).find((network) => network.id === id)
}

/** The network of this id, which a NIC is to be on. NOT_FOUND without it. */
export async function requireNetwork(xapi: Xapi, id: string, signal: AbortSignal): Promise<MarkedNetwork> {
  const network = await findNetwork(xapi, id, signal)
  if (network !== undefined) return network
  throw new Slash64Error("NOT_FOUND", `the network ${quote(id)} is not on this pool`, {
    field: "networkId",
    value: quote(id),
    hint: "Ensure the network on the pool first.",
  })
}

export async function listNetworks(xapi: Xapi, call: Call): Promise<readonly HostNetwork[]> {
  return (await readNetworks(xapi, call.signal)).flatMap(readMarks).map(toHostNetwork)
}

export function toHostNetwork({ id, attachment, mtu, bridge }: MarkedNetwork): HostNetwork {
  return { id, attachment, mtu, bridge }
}

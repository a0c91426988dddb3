import { isDeepStrictEqual } from "node:util"
import {
  type Call,
  type HostNetwork,
  type NetworkSpec,
  Slash64Error,
  checkAborted,
  checkNetworkSpec,
  quote,
} from "@slash64/core"
import { z } from "zod"
import { isNative } from "../errors/translate-xapi.ts"
import type { Xapi } from "../xapi/xapi.ts"
import { readNetworks, toHostNetwork } from "./find-network.ts"
import { type MarkedNetwork, type XapiNetwork, bridgeName, markKey, markValue, readMarks } from "./network-mark.ts"
import { readPifs, requireUplink, smaller } from "./uplink.ts"

/** Makes the network usable on every host of the pool. What is half-made bears our mark, and is found and finished. */
export async function ensureNetwork(xapi: Xapi, network: NetworkSpec, { signal }: Call): Promise<HostNetwork> {
  checkAborted(signal)
  // A pool makes its Open vSwitch bridges itself.
  checkNetworkSpec(network, ["isolated", "bridge", "vlan"])
  const all = await readNetworks(xapi, signal)
  const found = findSame(all, network)
  const { attachment } = network
  if (attachment.kind === "bridge") {
    if (found !== undefined) return toHostNetwork(found)
    return markBridge(xapi, network, requireBridge(all, attachment.bridge, network.mtu), signal)
  }
  const pifs = attachment.kind === "vlan" ? await readPifs(xapi, signal) : []
  const uplink = attachment.kind === "vlan" ? requireUplink(pifs, attachment.uplink, network.mtu) : undefined
  if (attachment.kind === "vlan") refuseSecondOnVlan(all, network)
  const own = found ?? (await create(xapi, network, all, signal))
  if (attachment.kind === "vlan" && uplink !== undefined && own.on.PIFs.length === 0) {
    await createVlan(xapi, own, { uplink: uplink.ref, vlan: attachment.vlan, isNew: found === undefined }, signal)
  }
  return toHostNetwork(own)
}

/** ALREADY_EXISTS when the id is there with another spec. */
function findSame(all: readonly XapiNetwork[], wanted: NetworkSpec): MarkedNetwork | undefined {
  const found = all.flatMap(readMarks).find(({ id }) => id === wanted.id)
  if (found === undefined) return undefined
  if (found.mtu === wanted.mtu && isDeepStrictEqual({ ...found.attachment }, { ...wanted.attachment })) return found
  throw new Slash64Error("ALREADY_EXISTS", `the network ${quote(wanted.id)} is on this pool with another spec`, {
    field: "network",
    value: markValue(wanted),
    hint: "Give the same spec, or remove the network from the pool first.",
    native: markValue(found),
  })
}

async function create(
  xapi: Xapi,
  network: NetworkSpec,
  all: readonly XapiNetwork[],
  signal: AbortSignal,
): Promise<MarkedNetwork> {
  const bridge = bridgeName(network.id)
  if (all.some((one) => one.bridge === bridge)) throw foreignBridge(network.id, bridge)
  const record = {
    name_label: `slash64 ${network.id}`,
    name_description: "",
    MTU: network.mtu,
    bridge,
    other_config: { [markKey(network.id)]: markValue(network) },
  }
  try {
    await xapi.change(z.string(), signal, "network.create", record)
  } catch (error) {
    // Whoever was faster has made the same network.
    if (!isNative(error, "BRIDGE_NAME_EXISTS")) throw error
  }
  const made = findSame(await readNetworks(xapi, signal), network)
  if (made === undefined) throw foreignBridge(network.id, bridge)
  return made
}

async function createVlan(
  xapi: Xapi,
  { on }: MarkedNetwork,
  { uplink, vlan, isNew }: { readonly uplink: string; readonly vlan: number; readonly isNew: boolean },
  signal: AbortSignal,
): Promise<void> {
  try {
    await xapi.change(z.array(z.string()), signal, "pool.create_VLAN_from_PIF", uplink, on.ref, vlan)
  } catch (error) {
    if (isNative(error, "NETWORK_ALREADY_CONNECTED")) return
    // A refusal leaves nothing that was not there before; without an answer, the next call reads back.
    if (isNew && isNative(error, "PIF_VLAN_EXISTS")) await xapi.change(z.literal(""), signal, "network.destroy", on.ref)
    throw error
  }
}

async function markBridge(
  xapi: Xapi,
  network: NetworkSpec,
  on: XapiNetwork,
  signal: AbortSignal,
): Promise<HostNetwork> {
  const [key, value] = [markKey(network.id), markValue(network)]
  try {
    await xapi.change(z.literal(""), signal, "network.add_to_other_config", on.ref, key, value)
  } catch (error) {
    if (!isNative(error, "MAP_DUPLICATE_KEY")) throw error
    const found = findSame(await readNetworks(xapi, signal), network)
    if (found === undefined) throw error
  }
  return { id: network.id, attachment: network.attachment, mtu: network.mtu, bridge: on.bridge }
}

function requireBridge(all: readonly XapiNetwork[], bridge: string, mtu: number): XapiNetwork {
  const found = all.find((network) => network.bridge === bridge)
  if (found === undefined) {
    throw new Slash64Error("NOT_FOUND", `the pool has no network on the bridge ${quote(bridge)}`, {
      field: "network.attachment.bridge",
      value: quote(bridge),
      hint: "See `xe network-list params=bridge,name-label`.",
    })
  }
  if (found.MTU < mtu) throw smaller(bridge, found.MTU, mtu)
  return found
}

function refuseSecondOnVlan(all: readonly XapiNetwork[], { id, attachment }: NetworkSpec): void {
  const others = all.flatMap(readMarks).filter((network) => network.id !== id)
  const other = others.find((network) => isDeepStrictEqual({ ...network.attachment }, { ...attachment }))
  if (other === undefined) return
  throw new Slash64Error("ALREADY_EXISTS", `this VLAN is the network ${quote(other.id)} already`, {
    field: "network.attachment",
    value: JSON.stringify(attachment),
    hint: "Use that network, or another VLAN.",
  })
}

function foreignBridge(id: string, bridge: string): Slash64Error {
  return new Slash64Error("ALREADY_EXISTS", `the pool has a network on the bridge ${bridge} that is not of slash64`, {
    field: "network.id",
    value: id,
    hint: "Remove that network, or give this one another id.",
  })
}

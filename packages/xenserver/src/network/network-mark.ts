import { createHash } from "node:crypto"
import type { HostNetwork, NetworkSpec } from "@slash64/core"
import { z } from "zod"

const prefix = "slash64:network/"

/** A network of XAPI, as much as we read of it. */
export const networkShape = z.object({
  uuid: z.string(),
  bridge: z.string(),
  MTU: z.number(),
  other_config: z.record(z.string(), z.string()),
  PIFs: z.array(z.string()),
  VIFs: z.array(z.string()),
})

export type XapiNetwork = z.infer<typeof networkShape> & { readonly ref: string }

const specShape = z.object({
  attachment: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("isolated") }),
    z.object({ kind: z.literal("bridge"), bridge: z.string() }),
    z.object({ kind: z.literal("vlan"), uplink: z.string(), vlan: z.number() }),
  ]),
  mtu: z.number(),
})

/** A network of ours on one of XAPI's; several of kind `bridge` may be on the same one. */
export interface MarkedNetwork extends HostNetwork {
  readonly on: XapiNetwork
}

export function markKey(networkId: string): string {
  return `${prefix}${networkId}`
}

export function markValue({ attachment, mtu }: NetworkSpec): string {
  return JSON.stringify({ attachment, mtu })
}

/** Ours that are on it; a mark that we cannot read is not ours. */
export function readMarks(network: XapiNetwork): readonly MarkedNetwork[] {
  return Object.entries(network.other_config).flatMap(([key, value]) => {
    if (!key.startsWith(prefix)) return []
    const spec = specShape.safeParse(readJson(value))
    if (!spec.success) return []
    const { attachment, mtu } = spec.data
    return [{ id: key.slice(prefix.length), attachment, mtu, bridge: network.bridge, on: network }]
  })
}

/**
 * The bridge that we make for a network: 13 characters, and none of the beginnings that XAPI keeps for itself. It is
 * the same on every host, and the one key of a network that XAPI keeps unique.
 */
export function bridgeName(networkId: string): string {
  return `s64${createHash("sha256").update(networkId).digest("hex").slice(0, 10)}`
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

import { createHash } from "node:crypto"
import type { NetworkSpec } from "@slash64/core"

/** The name of the bridge, made for the network or made by the administrator. */
export function bridgeOf({ id, attachment }: NetworkSpec): string {
  if (attachment.kind === "bridge" || attachment.kind === "openvswitch") return attachment.bridge
  const name = `mem-${id}`
  // 15 characters are the most that Linux takes (IFNAMSIZ).
  return name.length <= 15 ? name : `mem-${createHash("sha256").update(id).digest("hex").slice(0, 11)}`
}

/** The device that the administrator must have made. */
export function deviceOf({ attachment }: NetworkSpec): string | undefined {
  if (attachment.kind === "isolated") return undefined
  return attachment.kind === "vlan" ? attachment.uplink : attachment.bridge
}

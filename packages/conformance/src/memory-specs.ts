import type { NetworkSpec } from "@slash64/core"

/** The name of the bridge, made for the network or made by the administrator. */
export function bridgeOf({ id, attachment }: NetworkSpec): string {
  return attachment.kind === "bridge" || attachment.kind === "openvswitch" ? attachment.bridge : `mem-${id}`
}

/** The device that the administrator must have made. */
export function deviceOf({ attachment }: NetworkSpec): string | undefined {
  if (attachment.kind === "isolated") return undefined
  return attachment.kind === "vlan" ? attachment.uplink : attachment.bridge
}

import type { RouterState } from "@slash64/core"
import { lengthOf } from "./prefix-parts.ts"

/**
 * network.batch for `ip -batch`: the guest NIC as it should be, whatever it was. Its link-local is the kernel's own
 * (EUI-64). There is no default route: the router VM answers its own link only.
 */
export function renderNetwork({ mtu, ipv6, ipv4 }: RouterState): string {
  const lines = [
    `link set dev guest mtu ${mtu}`,
    "link set dev guest up",
    // Takes away an address of an earlier generation; scope global leaves the link-local alone.
    "address flush dev guest scope global",
  ]
  // nodad: the address is the store's own, and a guest that claims it must not put the router out of service.
  if (ipv6) lines.push(`address replace ${ipv6.router}/64 dev guest nodad`)
  if (ipv4) lines.push(`address replace ${ipv4.router}/${lengthOf(ipv4.prefix)} broadcast + dev guest`)
  return `${lines.join("\n")}\n`
}

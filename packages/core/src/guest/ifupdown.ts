import { appendedFile, wholeFile } from "./guest-files.ts"
import type { GuestSetUp } from "./guest-files.ts"
import { macName } from "./guest-nic.ts"
import type { GuestNic } from "./guest-nic.ts"

/** Debian's ifupdown 0.8 (interfaces(5)); it runs the dhclient or dhcpcd that is installed. */
export function interfaces(nic: GuestNic): GuestSetUp {
  return {
    files: [wholeFile(`/etc/network/interfaces.d/slash64-${macName(nic.mac)}`, nic, stanzas(nic))],
    commands: restart(nic),
    notes: ["/etc/network/interfaces must have the line: source /etc/network/interfaces.d/*"],
  }
}

/** Ubuntu 12.10: the stanza of CloudStack 4.1's guide, which has no interfaces.d. */
export function ubuntu1210(nic: GuestNic): GuestSetUp {
  return { files: [appendedFile("/etc/network/interfaces", nic, stanzas(nic))], commands: restart(nic), notes: [] }
}

/**
 * The stanza that comes first brings the NIC up, and the kernel hears RAs from then on: so each of them says before it
 * that they give no default route.
 */
function stanzas({ device, isDefault, ipv6, ipv4 }: GuestNic): readonly string[] {
  const noRoute = `    pre-up sysctl -e -q -w net/ipv6/conf/${device}/accept_ra_defrtr=0`
  const first = ipv6 && !isDefault ? [noRoute] : []
  return [
    `auto ${device}`,
    ...(ipv4 ? [`iface ${device} inet dhcp`, ...first] : []),
    ...(ipv6 ? [`iface ${device} inet6 dhcp`, "    autoconf 0", "    accept_ra 1", ...first] : []),
  ]
}

function restart({ device }: GuestNic): readonly string[] {
  return [`ifdown ${device} || true`, `ifup ${device}`]
}

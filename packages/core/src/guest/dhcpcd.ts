import { appendedFile } from "./guest-files.ts"
import type { GuestSetUp } from "./guest-files.ts"
import type { GuestNic } from "./guest-nic.ts"

/**
 * dhcpcd 9 (dhcpcd.conf(5)). One DUID for the whole guest, so `duid ll` stands before any `interface`: a second NIC
 * shows the first one's MAC in it, and is known by its own MAC all the same.
 */
export function dhcpcd(nic: GuestNic): GuestSetUp {
  const { device, isDefault, ipv6, ipv4 } = nic
  return {
    files: [
      appendedFile("/etc/dhcpcd.conf", nic, [
        ...(isDefault ? ["duid ll"] : []),
        `interface ${device}`,
        "  slaac hwaddr",
        "  ipv6ra_noautoconf",
        ...(ipv6 ? [] : ["  ipv4only"]),
        // dhcpcd 9.4 gives a probe up for good that it cannot read at once ("arp_read: Resource temporarily unavailable").
        ...(ipv4 ? ["  noipv4ll", "  noarp"] : ["  ipv6only"]),
        ...(isDefault ? [] : ["  nogateway", "  nohook resolv.conf"]),
      ]),
    ],
    commands: [...(isDefault ? ["rm -f /var/lib/dhcpcd/duid"] : []), `dhcpcd -n ${device} || dhcpcd ${device}`],
    notes: isDefault
      ? ["A file /var/lib/dhcpcd/duid wins over `duid ll`: take it out of an image before you copy it."]
      : ["It has one DUID for all NICs: that of the default NIC is set up with it."],
  }
}

import { wholeFile } from "./guest-files.ts"
import type { GuestSetUp } from "./guest-files.ts"
import { macName } from "./guest-nic.ts"
import type { GuestNic } from "./guest-nic.ts"

/** systemd-networkd 250 and later (systemd.network(5)). IPv6 is in it always: it costs nothing where no RA comes. */
export function networkd(nic: GuestNic): GuestSetUp {
  const { mac, ipv6, ipv4 } = nic
  const dhcp = ipv4 && ipv6 ? "yes" : ipv4 ? "ipv4" : "ipv6"
  return {
    files: [
      wholeFile(`/etc/systemd/network/10-slash64-${macName(mac)}.network`, nic, [
        "[Match]",
        `MACAddress=${mac}`,
        // A VLAN or bridge on top of the NIC has its MAC too.
        "Type=ether",
        "",
        "[Network]",
        `DHCP=${dhcp}`,
        "IPv6AcceptRA=yes",
        "IPv6PrivacyExtensions=no",
        ...networkdSections(nic),
      ]),
    ],
    commands: ["networkctl reload"],
    notes: [],
  }
}

/**
 * What a drop-in has to say where another program writes the .network file. DHCPv6Client=always asks also where the
 * rack router's RA forgets the M flag.
 */
export function networkdSections({ isDefault, ipv4 }: GuestNic): readonly string[] {
  const no = (...keys: readonly string[]) => (isDefault ? [] : keys.map((key) => `${key}=no`))
  return [
    "",
    "[IPv6AcceptRA]",
    "DHCPv6Client=always",
    "UseAutonomousPrefix=no",
    ...no("UseGateway", "UseDNS", "UseDomains"),
    "",
    "[DHCPv6]",
    "DUIDType=link-layer",
    ...no("UseDNS", "UseDomains"),
    ...(ipv4 && !isDefault ? ["", "[DHCPv4]", ...no("UseGateway", "UseDNS", "UseDomains")] : []),
  ]
}

import { wholeFile } from "./guest-files.ts"
import type { GuestSetUp } from "./guest-files.ts"
import type { GuestNic } from "./guest-nic.ts"
import { kernelRaFile } from "./kernel-ra.ts"

/**
 * wicked of SUSE and openSUSE (ifcfg(5), ifcfg-dhcp(5); ifsysctl(5): it reads the system's sysctl.d). `managed` asks
 * for an address also where the rack router's RA forgets the M flag.
 */
export function wicked(nic: GuestNic): GuestSetUp {
  const { device, duid, isDefault, ipv6, ipv4 } = nic
  const bootProto = ipv6 && ipv4 ? "dhcp" : ipv6 ? "dhcp6" : "dhcp4"
  const own = [
    `BOOTPROTO='${bootProto}'`,
    "STARTMODE='auto'",
    ...(ipv6 ? ["DHCLIENT6_MODE='managed'", `DHCLIENT6_CLIENT_ID='${duid}'`] : []),
    ...(ipv6 && !isDefault ? ["DHCLIENT6_UPDATE='none'"] : []),
    ...(ipv4 && !isDefault ? ["DHCLIENT_SET_DEFAULT_ROUTE='no'", "DHCLIENT_UPDATE='none'"] : []),
  ]
  return {
    files: [wholeFile(`/etc/sysconfig/network/ifcfg-${device}`, nic, own), ...(ipv6 ? [kernelRaFile(nic)] : [])],
    commands: [...(ipv6 ? [`sysctl -q -p ${kernelRaFile(nic).path}`] : []), `wicked ifup ${device}`],
    notes: [],
  }
}

import { appendedFile, wholeFile } from "./guest-files.ts"
import type { GuestSetUp } from "./guest-files.ts"
import type { GuestNic } from "./guest-nic.ts"
import { kernelRaCommands, kernelRaFile } from "./kernel-ra.ts"

/** ISC dhclient 4.2 and later: `-D LL` (dhclient(8)) counts while the lease file has no DUID yet. */
export function dhclient(nic: GuestNic): GuestSetUp {
  return dhclientWith(nic, "-D LL ", [])
}

/** ISC dhclient 4.1 has no `-D`; `hardware` is the type byte and the MAC (dhcp-eval(5)), so this is the same DUID-LL. */
export function dhclient41(nic: GuestNic): GuestSetUp {
  return dhclientWith(nic, "", nic.ipv6 ? ["  send dhcp6.client-id = concat(00:03:00, hardware);"] : [])
}

function dhclientWith(nic: GuestNic, who: string, lines: readonly string[]): GuestSetUp {
  const { device, isDefault, ipv6, ipv4 } = nic
  const conf = `/etc/dhcp/dhclient-${device}.conf`
  const asked = ["subnet-mask", "broadcast-address", "interface-mtu"]
  const more = ["routers", "domain-name", "domain-name-servers", "domain-search"]
  const more6 = ["dhcp6.name-servers", "dhcp6.domain-search"]
  const request = [...asked, ...(isDefault ? [...more, ...more6] : [])].join(", ")
  const run = (version: 4 | 6, options: string) =>
    `dhclient -${version} ${options}-nw -cf ${conf} -lf /var/lib/dhcp/dhclient${version}.${device}.leases ` +
    `-pf /run/dhclient${version}.${device}.pid ${device}`
  return {
    files: [
      wholeFile(conf, nic, [`interface "${device}" {`, `  request ${request};`, ...lines, "}"]),
      ...(ipv6 ? [kernelRaFile(nic)] : []),
    ],
    commands: [
      ...(ipv6 ? kernelRaCommands(nic) : []),
      `ip link set ${device} up`,
      ...(ipv6 ? [run(6, who)] : []),
      ...(ipv4 ? [run(4, "")] : []),
    ],
    notes: ["Nobody starts dhclient at boot by itself: put the commands where your system starts its network."],
  }
}

/**
 * CentOS 6: the ifcfg of CloudStack 4.1's guide; on dual stack with BOOTPROTO=dhcp, since dhcp6 there is "neither".
 * The keys are those of initscripts' sysconfig.txt.
 */
export function ifcfg(nic: GuestNic): GuestSetUp {
  const { device, mac, isDefault, ipv6, ipv4 } = nic
  const own = [
    `DEVICE=${device}`,
    `HWADDR=${mac.toUpperCase()}`,
    "NM_CONTROLLED=no",
    "ONBOOT=yes",
    `BOOTPROTO=${ipv4 ? "dhcp" : "dhcp6"}`,
    "TYPE=Ethernet",
    "USERCTL=no",
    `PEERDNS=${isDefault ? "yes" : "no"}`,
    `DEFROUTE=${isDefault ? "yes" : "no"}`,
    ...(ipv6 ? ["IPV6INIT=yes", "DHCPV6C=yes"] : []),
  ]
  const host = ["NETWORKING=yes", "NETWORKING_IPV6=yes", "IPV6_AUTOCONF=no"]
  const noRoute = `net.ipv6.conf.${device.replaceAll(".", "/")}.accept_ra_defrtr = 0`
  return {
    files: [
      wholeFile(`/etc/sysconfig/network-scripts/ifcfg-${device}`, nic, own),
      ...(ipv6 ? [appendedFile("/etc/sysconfig/network", nic, host)] : []),
      ...(ipv6 && !isDefault ? [appendedFile("/etc/sysctl.conf", nic, [noRoute])] : []),
    ],
    commands: ["service network restart"],
    notes: [],
  }
}

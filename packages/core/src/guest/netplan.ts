import { wholeFile } from "./guest-files.ts"
import type { GuestSetUp } from "./guest-files.ts"
import { macName } from "./guest-nic.ts"
import type { GuestNic } from "./guest-nic.ts"
import { networkdSections } from "./networkd.ts"

/**
 * netplan on systemd-networkd (netplan(5)). It has no key for the DUID, and `ra-overrides` from 1.1 on alone, so that
 * is said in a drop-in of the file that it generates.
 */
export function netplan(nic: GuestNic): GuestSetUp {
  const { mac, device } = nic
  const yaml = wholeFile(`/etc/netplan/60-slash64-${macName(mac)}.yaml`, nic, [
    "network:",
    "  version: 2",
    "  ethernets:",
    `    ${JSON.stringify(device)}:`,
    "      match:",
    `        macaddress: "${mac}"`,
    ...netplanKeys(nic).map((line) => `      ${line}`),
  ])
  const dropIn = `/etc/systemd/network/10-netplan-${device}.network.d/slash64.conf`
  return {
    files: [{ ...yaml, mode: "0600" }, wholeFile(dropIn, nic, networkdSections(nic))],
    commands: ["netplan apply"],
    notes: ["Where NetworkManager is its renderer, take the set-up for NetworkManager instead."],
  }
}

/** What netplan and cloud-init's version 2 share. With both families the overrides must be the same. */
export function netplanKeys({ ipv4, ipv6, isDefault }: GuestNic): readonly string[] {
  const noDns = (family: 4 | 6) => (isDefault ? [] : [`dhcp${family}-overrides:`, "  use-dns: false"])
  return [
    "accept-ra: true",
    ...(ipv4 ? ["dhcp4: true", ...noDns(4)] : []),
    ...(ipv6 ? ["dhcp6: true", ...noDns(6)] : []),
  ]
}

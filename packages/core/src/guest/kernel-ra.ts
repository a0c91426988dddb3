import { macName } from "./guest-nic.ts"
import type { GuestNic } from "./guest-nic.ts"
import { wholeFile } from "./guest-files.ts"
import type { GuestFile } from "./guest-files.ts"

/**
 * For clients that leave Router Advertisements to the Linux kernel: it takes the on-link prefix, no address of its
 * own, and on a NIC that is not the default no route (ip-sysctl.rst, accept_ra_defrtr). `accept_ra=0`, as older guides
 * have it, would take the on-link prefix away too, and neighbours would be reached by the default NIC.
 *
 * The slash is sysctl's other separator (sysctl.d(5)): a NIC's name may hold a dot.
 */
export function kernelRaSettings({ device, isDefault }: GuestNic): readonly string[] {
  const key = (name: string) => `net/ipv6/conf/${device}/${name}`
  return [`${key("accept_ra")} = 1`, `${key("autoconf")} = 0`, `${key("accept_ra_defrtr")} = ${isDefault ? "1" : "0"}`]
}

export function kernelRaFile(nic: GuestNic): GuestFile {
  return wholeFile(kernelRaPath(nic), nic, kernelRaSettings(nic))
}

export function kernelRaPath({ mac }: GuestNic): string {
  return `/etc/sysctl.d/60-slash64-${macName(mac)}.conf`
}

/** Takes the file into use; a route that came before is taken away. */
export function kernelRaCommands(nic: GuestNic): readonly string[] {
  const flush = `ip -6 route flush exact default dev ${nic.device} proto ra`
  return [`sysctl -q -p ${kernelRaPath(nic)}`, ...(nic.isDefault ? [] : [flush])]
}

import type { Libvirt } from "../libvirt/libvirt.ts"

/**
 * libvirt 9.0 writes the MACs of a bridge that it made into this directory, and makes the directory only when it
 * starts a dnsmasq: on a new host a VM with a NIC on an isolated network would not start.
 */
export async function makeDnsmasqDirectory(libvirt: Libvirt, signal: AbortSignal): Promise<void> {
  await libvirt.pools.makeDirectory("/var/lib/libvirt/dnsmasq", signal)
}

import { Slash64Error, quote } from "@slash64/core"
import { type HostShell, runOk } from "../host/host-shell.ts"

/** A network device on the host, as `ip -json -details link show` tells. */
export interface HostDevice {
  readonly kind: string | undefined
  readonly mtu: number
}

export async function findDevice(
  shell: HostShell,
  device: string,
  signal: AbortSignal,
): Promise<HostDevice | undefined> {
  const argv = ["ip", "-json", "-details", "link", "show", "dev", device]
  const result = await shell.run(argv, { signal })
  if (result.code === 1) return undefined
  const output = result.code === 0 ? result.stdout : await runOk(shell, argv, { signal })
  const links: unknown = JSON.parse(output)
  const link: unknown = Array.isArray(links) ? links[0] : undefined
  if (typeof link !== "object" || link === null || !("mtu" in link)) return undefined
  const info = "linkinfo" in link ? link.linkinfo : undefined
  const kind = typeof info === "object" && info !== null && "info_kind" in info ? String(info.info_kind) : undefined
  return { kind, mtu: Number(link.mtu) }
}

/** The Linux bridge of an administrator. NOT_FOUND without it, FAILED_PRECONDITION when it is none or too narrow. */
export async function checkBridge(shell: HostShell, bridge: string, mtu: number, signal: AbortSignal): Promise<void> {
  const device = await findDevice(shell, bridge, signal)
  if (device === undefined) throw noDevice("network.attachment.bridge", bridge, "bridge")
  if (device.kind !== "bridge") {
    throw new Slash64Error("FAILED_PRECONDITION", `${bridge} on the host is not a Linux bridge`, {
      field: "network.attachment.bridge",
      value: bridge,
      hint: "Name a bridge, or use the kind vlan or openvswitch.",
    })
  }
  checkMtu(bridge, device.mtu, mtu)
}

/** The device under a VLAN. NOT_FOUND without it, FAILED_PRECONDITION when its MTU is too small. */
export async function checkUplink(shell: HostShell, uplink: string, mtu: number, signal: AbortSignal): Promise<void> {
  const device = await findDevice(shell, uplink, signal)
  if (device === undefined) throw noDevice("network.attachment.uplink", uplink, "network device")
  checkMtu(uplink, device.mtu, mtu)
}

/**
 * The Open vSwitch bridge of an administrator. NOT_FOUND without it; FAILED_PRECONDITION when Open vSwitch does not
 * answer. Tells whether it is the userspace datapath.
 */
export async function checkOpenVswitch(
  shell: HostShell,
  bridge: string,
  signal: AbortSignal,
): Promise<{ readonly userspace: boolean }> {
  const exists = await shell.run(["ovs-vsctl", "--timeout=5", "br-exists", bridge], { signal, asRoot: true })
  // ovs-vsctl(8): br-exists ends with 2 when there is no such bridge.
  if (exists.code === 2) throw noDevice("network.attachment.bridge", bridge, "Open vSwitch bridge")
  const argv = ["ovs-vsctl", "--timeout=5", "get", "bridge", bridge, "datapath_type"]
  const datapath = await runOk(shell, argv, { signal, asRoot: true })
  return { userspace: datapath.trim().replaceAll('"', "") === "netdev" }
}

function checkMtu(device: string, has: number, wanted: number): void {
  if (has >= wanted) return
  throw new Slash64Error("FAILED_PRECONDITION", `${device} on the host has MTU ${has}, below the network's ${wanted}`, {
    field: "network.mtu",
    value: String(wanted),
    hint: `Raise the MTU of ${device}, or give the network one of at most ${has}.`,
  })
}

export function noDevice(field: string, device: string, what: string): Slash64Error {
  return new Slash64Error("NOT_FOUND", `the host has no ${what} ${quote(device)}`, {
    field,
    value: device,
    hint: `Make it on the host, or name one that is there (ip -br link).`,
  })
}

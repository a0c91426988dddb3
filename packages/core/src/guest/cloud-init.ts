import { wholeFile } from "./guest-files.ts"
import type { GuestFile, GuestSetUp } from "./guest-files.ts"
import { headline } from "./guest-nic.ts"
import type { GuestNic } from "./guest-nic.ts"
import { kernelRaPath, kernelRaSettings } from "./kernel-ra.ts"
import { netplanKeys } from "./netplan.ts"
import { networkdSections } from "./networkd.ts"

/** cloud-init's network configuration, version 2, as the NoCloud datasource takes it. */
export function cloudInit2(nic: GuestNic): GuestSetUp {
  const { device, mac } = nic
  return withUserData(nic, [
    "version: 2",
    "ethernets:",
    `  ${JSON.stringify(device)}:`,
    "    match:",
    `      macaddress: "${mac}"`,
    `    set-name: ${JSON.stringify(device)}`,
    ...netplanKeys(nic).map((line) => `    ${line}`),
  ])
}

/** Version 1, for cloud-init before 18 and for distributions without netplan. */
export function cloudInit1(nic: GuestNic): GuestSetUp {
  const { device, mac, ipv4, ipv6 } = nic
  return withUserData(nic, [
    "version: 1",
    "config:",
    "  - type: physical",
    `    name: ${JSON.stringify(device)}`,
    `    mac_address: "${mac}"`,
    "    accept-ra: true",
    "    subnets:",
    ...(ipv4 ? ["      - type: dhcp4"] : []),
    ...(ipv6 ? ["      - type: ipv6_dhcpv6-stateful"] : []),
  ])
}

/**
 * Neither version can say what a DUID is or whether an RA gives a default route, so the user-data writes it where each
 * renderer's own program reads it. The path of a drop-in is that of the file that the renderer makes.
 */
function withUserData(nic: GuestNic, network: readonly string[]): GuestSetUp {
  const { device, ipv6 } = nic
  const section = networkdSections(nic)
  const dropIns = ["cloud-init", "netplan"].map(
    (renderer) => [`/etc/systemd/network/10-${renderer}-${device}.network.d/slash64.conf`, section] as const,
  )
  const written = [...dropIns, ...(ipv6 ? [[kernelRaPath(nic), kernelRaSettings(nic)] as const] : [])]
  const userData = [
    "write_files:",
    ...written.flatMap(([path, lines]) => writtenFile(path, [`# ${headline(nic)}`, ...lines])),
    "runcmd:",
    `  - "! command -v networkctl || networkctl reload"`,
    ...(ipv6 ? [`  - "sysctl -q -p ${kernelRaPath(nic)}"`] : []),
  ]
  return {
    files: [wholeFile("network-config", nic, network), userDataFile(userData)],
    commands: [],
    notes: [
      "Both are files of the NoCloud datasource: the volume `cidata`, or what your cloud calls network data and user data.",
      "Where NetworkManager is its renderer, take the set-up for NetworkManager instead of the user data.",
    ],
  }
}

function writtenFile(path: string, lines: readonly string[]): readonly string[] {
  const block = lines.map((line) => `      ${line}`.trimEnd())
  return [`  - path: ${JSON.stringify(path)}`, "    content: |"].concat(block)
}

/** Its first line must be this one. */
function userDataFile(lines: readonly string[]): GuestFile {
  return { path: "user-data", mode: "0644", how: "whole", text: `#cloud-config\n${lines.join("\n")}\n` }
}

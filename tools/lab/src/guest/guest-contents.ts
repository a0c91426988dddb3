import { readFile } from "node:fs/promises"
import { basename, join } from "node:path"
import { textFile } from "@slash64/tool-systemvm"
import type { FileEntry, FileTree } from "@slash64/tool-systemvm"

const files = join(import.meta.dirname, "../../files")

/** The Debian packages of the guest: an ordinary DHCPv6 client, and QEMU's guest agent to ask it. */
export const guestPackages = [
  "busybox-static",
  "dash",
  "debianutils",
  "iproute2",
  "iputils-ping",
  "isc-dhcp-client",
  "linux-image-cloud-amd64",
  "qemu-guest-agent",
] as const

export const guestPrograms = [
  "bin/busybox",
  "bin/dash",
  "bin/ip",
  "bin/ping",
  "bin/run-parts",
  "etc/dhcp/dhclient.conf",
  "sbin/dhclient",
  "sbin/dhclient-script",
  "usr/sbin/qemu-ga",
] as const

export const guestModules = ["virtio_pci", "virtio_net", "virtio_console", "virtio_rng", "button", "evdev"] as const

export const guestApplets =
  "cat chmod cp cut date dmesg echo env free grep head hostname id init kill ln logger ls lsmod mkdir modprobe mount mv poweroff ps readlink reboot rm sed sleep sort sync sysctl tail touch tr true umount uname".split(
    " ",
  )

export const guestCommandLine = [
  "console=ttyS0,115200 quiet loglevel=4 panic=10 random.trust_cpu=on audit=0 apparmor=0",
  "8250.nr_uarts=1 i8042.noaux cryptomgr.notests net.ifnames=0",
].join(" ")

export async function readGuestFiles(): Promise<FileTree> {
  return new Map<string, FileEntry>([
    await copyOf("etc/inittab", 0o644),
    await copyOf("usr/sbin/guest-boot", 0o755),
    await copyOf("usr/sbin/guest-nics", 0o755),
    await copyOf("usr/sbin/guest-agent", 0o755),
    await copyOf("etc/dhcp/dhclient-exit-hooks.d/show-lease", 0o644),
    ["etc/passwd", textFile("root:x:0:0:root:/root:/bin/sh\n")],
    ["etc/group", textFile("root:x:0:\n")],
    ["etc/fstab", textFile("")],
    ["bin/sh", { kind: "link", target: "dash" }],
    ["init", { kind: "link", target: "bin/busybox" }],
    ["sbin/modprobe", { kind: "link", target: "../bin/busybox" }],
    ["sbin/poweroff", { kind: "link", target: "../bin/busybox" }],
    ["var/lib/dhcp", { kind: "directory", mode: 0o755 }],
    ["var/run", { kind: "link", target: "../run" }],
  ])
}

async function copyOf(path: string, mode: number): Promise<[string, FileEntry]> {
  return [path, { kind: "file", mode, bytes: await readFile(join(files, basename(path))) }]
}

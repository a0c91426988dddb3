import { createHash } from "node:crypto"
import { access, mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises"
import { dirname, join } from "node:path"
import {
  buildInitramfs,
  compressInitramfs,
  defaultCacheDir,
  fetchPackages,
  makeDisk,
  readKernel,
  textFile,
  unpackPackages,
} from "@slash64/tool-systemvm"

/** What runs in a guest VM: a client of Debian 12, with the DUID that it has by itself. */
export type VmClient = "dhclient" | "networkd"

const packages = [
  "busybox-static",
  "dash",
  "debianutils",
  "iproute2",
  "isc-dhcp-client",
  "linux-image-cloud-amd64",
  "qemu-guest-agent",
  "systemd",
]

const programs = [
  "bin/busybox",
  "bin/dash",
  "bin/ip",
  "bin/run-parts",
  "etc/dhcp/dhclient.conf",
  "lib/systemd/systemd-networkd",
  "sbin/dhclient",
  "sbin/dhclient-script",
  "usr/sbin/qemu-ga",
]

const applets =
  "cat chmod chown cp cut date dmesg echo env free grep head hostname id init kill ln ls mkdir modprobe mount mv poweroff ps readlink rm sed sleep sync sysctl tail touch tr umount".split(
    " ",
  )

const inittab = `::sysinit:/usr/sbin/guest-boot
::respawn:/usr/sbin/guest-agent
`

/** A user who does nothing but ask for DHCP: no DUID is named, so it is a DUID-EN of the machine-id. */
const networkd = `[Match]
Name=eth*
[Network]
DHCP=yes
[DHCPv6]
IAID=0
`

const kernelWords =
  "console=ttyS0,115200 quiet loglevel=4 panic=10 random.trust_cpu=on audit=0 apparmor=0 net.ifnames=0 cryptomgr.notests no_timer_check"

/** A raw disk that boots by BIOS and was never booted: what it keeps, and so who it is, is made by its first boot. */
export async function openGuestDisk(client: VmClient): Promise<string> {
  const cacheDir = join(dirname(defaultCacheDir), "guest-vms")
  const fetched = await fetchPackages({ names: packages, cacheDir: defaultCacheDir })
  const versions = fetched.map(({ name, version }) => `${name} ${version}`).join("\n")
  const unpacked = join(defaultCacheDir, `guest-vm-tree-${hash(versions)}`)
  await unpackPackages(fetched, unpacked)
  const kernel = await readKernel(unpacked)
  const cpio = await buildInitramfs({
    unpacked,
    programs,
    kernel: kernel.release,
    modules: ["virtio_pci", "virtio_blk", "virtio_net", "virtio_console", "virtio_rng", "ext4", "button", "evdev"],
    files: new Map([
      ["etc/inittab", textFile(inittab)],
      ["etc/networkd.template", textFile(networkd)],
      ["usr/sbin/guest-boot", textFile(await readFile(join(import.meta.dirname, "guest-boot.sh"), "utf8"), 0o755)],
      ["usr/sbin/guest-agent", textFile(await readFile(agentFile, "utf8"), 0o755)],
      ["etc/passwd", textFile("root:x:0:0:root:/root:/bin/sh\nsystemd-network:x:104:104::/:/bin/false\n")],
      ["etc/group", textFile("root:x:0:\nsystemd-network:x:104:\n")],
      ["etc/fstab", textFile("")],
      ["etc/resolv.conf", textFile("")],
      ["etc/systemd/network", { kind: "directory", mode: 0o755 }],
      ["bin/sh", { kind: "link", target: "dash" }],
      ["init", { kind: "link", target: "bin/busybox" }],
      ["sbin/modprobe", { kind: "link", target: "../bin/busybox" }],
      ["disk", { kind: "directory", mode: 0o755 }],
      ["var/lib/dhcp", { kind: "directory", mode: 0o755 }],
      ["var/run", { kind: "link", target: "../run" }],
    ]),
    applets,
  })
  const commandLine = `${kernelWords} client=${client}`
  const file = join(cacheDir, `${client}-${hash(cpio, kernel.image, commandLine)}.raw`)
  if (await exists(file)) return file
  await mkdir(cacheDir, { recursive: true })
  const workDir = await mkdtemp(join(cacheDir, ".build-"))
  try {
    const made = join(workDir, "disk.raw")
    await makeDisk({
      file: made,
      workDir,
      kernel: kernel.image,
      initramfs: await compressInitramfs(cpio),
      commandLine,
    })
    await rename(made, file)
    return file
  } finally {
    await rm(workDir, { recursive: true, force: true })
  }
}

/** The lab's guest has the same agent. */
const agentFile = join(import.meta.dirname, "../../tools/lab/files/guest-agent")

function hash(...parts: readonly (string | Buffer)[]): string {
  return parts
    .reduce((sum, part) => sum.update(part), createHash("sha256"))
    .digest("hex")
    .slice(0, 16)
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}

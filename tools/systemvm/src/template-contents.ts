import { readFile, readdir } from "node:fs/promises"
import { basename, join } from "node:path"
import { textFile, type FileEntry, type FileTree } from "./file-tree.ts"

const files = join(import.meta.dirname, "../files")

/** The Debian packages that the router is made of; apt adds what they depend on. */
export const routerPackages = [
  "busybox-static",
  "coreutils",
  "dash",
  "dnsmasq-utils",
  "e2fsprogs",
  "iproute2",
  "linux-image-cloud-amd64",
  "nftables",
  "openssh-server",
  "systemd-boot-efi",
  "util-linux",
] as const

/** What is taken out of them; libraries come along. dnsmasq is built from its source: {@link buildDnsmasq}. */
export const routerPrograms = [
  "bin/busybox",
  "bin/dash",
  "bin/ip",
  "sbin/e2fsck",
  "usr/bin/chattr",
  "usr/bin/comm",
  "usr/bin/dhcp_release",
  "usr/bin/dhcp_release6",
  "usr/bin/flock",
  "usr/sbin/nft",
  "usr/sbin/sshd",
] as const

/** Drivers of KVM's and Xen's devices, and what nftables.conf of a router may use. */
export const routerModules = words(`
  virtio_pci virtio_blk virtio_net virtio_rng virtio_console virtio_balloon virtio_scsi
  ata_piix sd_mod sr_mod xen-blkfront xen-netfront
  button evdev
  nf_tables nft_limit
`)

export const routerApplets = words(`
  awk basename cat chmod chown cmp cp cut date dd df dmesg du echo env expr false find free grep gunzip head hexdump hostname
  id init insmod kill less ln ls lsmod mkdir mkfifo modprobe mount mv nc netstat nproc od pidof ping ping6 poweroff
  printf ps pwd readlink realpath reboot rm rmdir rmmod sed seq setsid sha256sum sleep sort stat stty sync sysctl tail
  tar tee test time timeout top touch tr true tty umount uname uniq uptime vi wc which xargs xxd
`)

/**
 * Quiet, and nothing probed that no virtual machine has. `random.trust_cpu`: sshd and dnsmasq need random numbers at
 * once and the seed disk brings none.
 */
export const commandLine = words(`
  console=ttyS0,115200 quiet loglevel=4 panic=10 random.trust_cpu=on audit=0 apparmor=0
  8250.nr_uarts=1 i8042.noaux cryptomgr.notests
`).join(" ")

/** The files of the image that no package has; `dnsmasq` is the program's file. */
export async function readRouterFiles(version: string, dnsmasq: string): Promise<FileTree> {
  return new Map<string, FileEntry>([
    ["usr/sbin/dnsmasq", { kind: "file", mode: 0o755, bytes: await readFile(dnsmasq) }],
    await copyOf("usr/sbin/slash64-boot", 0o755),
    await copyOf("usr/sbin/slash64-common", 0o644),
    await copyOf("usr/sbin/slash64-drivers", 0o755),
    await copyOf("usr/sbin/slash64-router", 0o755),
    ...(await copyParts("usr/lib/slash64", "router")),
    await copyOf("usr/sbin/slash64-services", 0o755),
    await copyOf("usr/sbin/slash64-stop", 0o755),
    await copyOf("etc/inittab", 0o644),
    await copyOf("etc/slash64/base.nft", 0o644),
    await copyOf("etc/slash64/sshd_config", 0o644),
    ["etc/slash64/version", textFile(`${version}\n`)],
    ["etc/passwd", textFile(accounts)],
    ["etc/group", textFile("root:x:0:\ndnsmasq:x:102:\nnogroup:x:65534:\n")],
    ["etc/shadow", textFile("root:*:19000:0:99999:7:::\n", 0o600)],
    ["bin/sh", { kind: "link", target: "dash" }],
    ["init", { kind: "link", target: "bin/busybox" }],
    ["sbin/modprobe", { kind: "link", target: "../bin/busybox" }],
    ["sbin/poweroff", { kind: "link", target: "../bin/busybox" }],
    ["sbin/reboot", { kind: "link", target: "../bin/busybox" }],
    ["var/lib/slash64", { kind: "directory", mode: 0o755 }],
    ["var/run", { kind: "link", target: "../run" }],
  ])
}

const accounts = [
  "root:x:0:0:root:/root:/bin/sh",
  "sshd:x:101:65534::/run/sshd:/bin/false",
  "dnsmasq:x:102:102::/run/slash64:/bin/false",
  "nobody:x:65534:65534:nobody:/:/bin/false",
  "",
].join("\n")

async function copyOf(path: string, mode: number): Promise<[string, FileEntry]> {
  return [path, { kind: "file", mode, bytes: await readFile(join(files, basename(path))) }]
}

/** Every file of a folder. */
async function copyParts(target: string, folder: string): Promise<readonly [string, FileEntry][]> {
  const names = (await readdir(join(files, folder))).toSorted()
  return Promise.all(
    names.map(async (name) => {
      const bytes = await readFile(join(files, folder, name))
      return [`${target}/${name}`, { kind: "file", mode: 0o644, bytes }] satisfies [string, FileEntry]
    }),
  )
}

function words(text: string): readonly string[] {
  return text.split(/\s+/).filter(Boolean)
}

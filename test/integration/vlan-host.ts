import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import {
  buildInitramfs,
  defaultCacheDir,
  fetchPackages,
  type FileEntry,
  readKernel,
  textFile,
  unpackPackages,
} from "@slash64/tool-systemvm"

/**
 * A host in a VM: Debian's kernel, which has 802.1Q where this machine's may not, with Debian's libvirtd, sshd and
 * iproute2 in an initramfs. Its uplink is `eth1`.
 */
export interface VlanHost {
  readonly port: number
  readonly hostKey: string
  readonly userKey: string
  /** Runs a script there as root; gives what it printed. */
  sh(script: string): string
  stop(): Promise<void>
}

export async function startVlanHost(): Promise<VlanHost> {
  const dir = mkdtempSync("/tmp/slash64-vlan-")
  const [hostKey, userKey] = [makeKey(dir, "host"), makeKey(dir, "user")]
  const boot = await buildHost(dir, { hostKey: readFileSync(hostKey), userKey: readFileSync(`${userKey}.pub`) })
  const port = await freePort()
  const console = join(dir, "console.log")
  const qemu: ChildProcess = spawn(
    "qemu-system-x86_64",
    [
      ["-accel", "tcg,tb-size=64", "-cpu", "max", "-m", "768", "-nodefaults", "-display", "none", "-no-reboot"],
      [
        "-kernel",
        boot.kernel,
        "-initrd",
        boot.initramfs,
        "-append",
        "console=ttyS0 quiet panic=-1 random.trust_cpu=on",
      ],
      ["-serial", `file:${console}`],
      ["-netdev", `user,id=lan,restrict=on,hostfwd=tcp:127.0.0.1:${port}-:22`, "-device", "virtio-net-pci,netdev=lan"],
      ["-netdev", "hubport,id=uplink,hubid=1", "-device", "virtio-net-pci,netdev=uplink"],
    ].flat(),
    { stdio: "ignore" },
  )
  const login = [
    "-i",
    userKey,
    "-p",
    String(port),
    "-o",
    "StrictHostKeyChecking=no",
    "-o",
    "UserKnownHostsFile=/dev/null",
  ]
  const host: VlanHost = {
    port,
    hostKey: readFileSync(`${hostKey}.pub`, "utf8").trim(),
    userKey,
    sh: (script) => {
      const command = [
        ...login,
        "-o",
        "BatchMode=yes",
        "-o",
        "LogLevel=ERROR",
        "-o",
        "ConnectTimeout=5",
        "root@127.0.0.1",
        script,
      ]
      return execFileSync("ssh", command, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] })
    },
    async stop() {
      if (qemu.exitCode === null) {
        qemu.kill("SIGKILL")
        await once(qemu, "exit")
      }
      rmSync(dir, { recursive: true, force: true })
    },
  }
  try {
    await untilUp(host, qemu)
    return host
  } catch (error) {
    const said = readFileSync(console, "utf8").slice(-2000)
    await host.stop()
    throw new Error(`the VLAN host did not come up: ${said}`, { cause: error })
  }
}

async function untilUp(host: VlanHost, qemu: ChildProcess): Promise<void> {
  const deadline = Date.now() + 120_000
  for (;;) {
    try {
      host.sh("test -S /run/libvirt/libvirt-sock")
      return
    } catch (error) {
      if (Date.now() > deadline || qemu.exitCode !== null) throw error
      await delay(500)
    }
  }
}

const packages = [
  "coreutils",
  "busybox-static",
  "dash",
  "iproute2",
  "kmod",
  "libvirt-daemon",
  "linux-image-cloud-amd64",
  "openssh-server",
]
const drivers = ["network", "qemu"].map(
  (name) => `usr/lib/x86_64-linux-gnu/libvirt/connection-driver/libvirt_driver_${name}.so`,
)
/** Not `env`: that of busybox runs an applet of its own in place of the program, `ip` for one. */
const applets =
  "awk basename cat chmod cmp cut df dirname echo expr grep head id kill ls mkdir mktemp mount mv rm sed sleep sync test tr true uname".split(
    " ",
  )

async function buildHost(dir: string, keys: { readonly hostKey: Buffer; readonly userKey: Buffer }) {
  const fetched = await fetchPackages({ names: packages, cacheDir: defaultCacheDir })
  const versions = fetched.map(({ name, version }) => `${name} ${version}`).join("\n")
  const unpacked = join(
    defaultCacheDir,
    `vlan-tree-${createHash("sha256").update(versions).digest("hex").slice(0, 16)}`,
  )
  await unpackPackages(fetched, unpacked)
  const { release, image } = await readKernel(unpacked)
  const initramfs = await buildInitramfs({
    unpacked,
    programs: [
      "bin/busybox",
      "usr/bin/env",
      "bin/dash",
      "bin/ip",
      "bin/kmod",
      "usr/sbin/sshd",
      "usr/sbin/libvirtd",
      ...drivers,
    ],
    kernel: release,
    modules: ["virtio_pci", "virtio_net", "bridge", "8021q", "tun"],
    files: new Map<string, FileEntry>([
      ["init", textFile(init, 0o755)],
      ["bin/sh", { kind: "link", target: "dash" }],
      ["sbin/modprobe", { kind: "link", target: "../bin/kmod" }],
      ["sbin/depmod", { kind: "link", target: "../bin/kmod" }],
      [
        "etc/passwd",
        textFile(
          "root:x:0:0:root:/root:/bin/sh\nsshd:x:100:65534::/run/sshd:/bin/false\nlibvirt-qemu:x:102:102::/:/bin/false\n",
        ),
      ],
      ["etc/group", textFile("root:x:0:\nlibvirt:x:101:\nlibvirt-qemu:x:102:\nkvm:x:103:\nnogroup:x:65534:\n")],
      ["etc/shadow", textFile("root:*:19000:0:99999:7:::\n", 0o600)],
      ["etc/ssh/host", { kind: "file", mode: 0o600, bytes: keys.hostKey }],
      ["etc/ssh/sshd_config", textFile(sshdConfig)],
      ["root/.ssh/authorized_keys", { kind: "file", mode: 0o600, bytes: keys.userKey }],
      ["etc/libvirt/libvirtd.conf", textFile('auth_unix_rw = "none"\nauth_unix_ro = "none"\nlisten_tls = 0\n')],
      ["etc/libvirt/qemu.conf", textFile('user = "root"\ngroup = "root"\nnamespaces = []\nsecurity_driver = "none"\n')],
    ]),
    applets,
  })
  const boot = { kernel: join(dir, "vmlinuz"), initramfs: join(dir, "initramfs") }
  writeFileSync(boot.kernel, image)
  writeFileSync(boot.initramfs, initramfs)
  return boot
}

const sshdConfig = `HostKey /etc/ssh/host
PermitRootLogin prohibit-password
PasswordAuthentication no
UsePAM no
`

const init = `#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /run/sshd /run/libvirt /var/lib/libvirt /var/log/libvirt /var/cache/libvirt
mount -t devpts pts /dev/pts
depmod
modprobe virtio_pci
modprobe virtio_net
ip link set dev lo up
ip link set dev eth0 up
ip address add 10.0.2.15/24 dev eth0
libvirtd -d -p /run/libvirtd.pid
/usr/sbin/sshd
while :; do sleep 1000; done
`

function makeKey(dir: string, name: string): string {
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(dir, name)])
  return join(dir, name)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  server.close()
  if (address === null || typeof address === "string") throw new Error("no port is free")
  return address.port
}
